import t from 'tap'
import { instantOf } from '../../src/domain/instant.ts'
import { sealRecord, unsealRecord } from '../../src/domain/log-record.ts'
import {
  type PublishedRule,
  publicationOf,
  readPublication,
  ruleHash,
  withdrawalOf,
} from '../../src/domain/rule-record.ts'

// Made by Python's hashlib from the format's description, not by this program. They never change.
const recordedAt = instantOf('2026-11-20T09:30:00.123Z')
const rule: PublishedRule = {
  id: '0197a000-0000-7000-8000-000000000009',
  beneficiaries: [{ profession: '60' }, { profession: '10', speciality: 'Médecine' }],
  products: ['surgical', 'ffp2'],
  cap: 10,
  subCaps: [{ product: 'ffp2', cap: 4 }],
  window: { kind: 'rolling_days', count: 7 },
  territory: 'FR',
  validFrom: instantOf('2026-01-01T00:00:00Z'),
  validTo: null,
  source: { title: 'Arrêté', reference: 'R-1', url: null },
  confidence: 'high',
  publishedAt: instantOf('2025-12-31T10:00:00Z'),
}
const authority = { territory: 'FR-OCC', professions: ['60'] }
const published = publicationOf(rule, authority, { recordedAt, isAdopted: false })

t.test('the hash of a rule, and the bytes of its publication, are frozen', async (t) => {
  t.equal(ruleHash(rule), 'DGldUJ7jqzJYpGcxgRtbmK5CiIB0jFfHb6IXK0LI6VM=')
  const { canonical, entryHash } = sealRecord({ ...published, id: '0197a000-0000-7000-8000-000000000004' })
  t.equal(
    canonical.toString(),
    '["gomask-record-v1","0197a000-0000-7000-8000-000000000004","rule_published","2026-11-20T09:30:00.123Z","0197a000-0000-7000-8000-000000000009",["[\\"gomask-rule-v1\\",\\"0197a000-0000-7000-8000-000000000009\\",[[\\"60\\",null],[\\"10\\",\\"Médecine\\"]],[\\"surgical\\",\\"ffp2\\"],10,[[\\"ffp2\\",4]],[\\"rolling_days\\",7],\\"FR\\",\\"2026-01-01T00:00:00.000Z\\",null,[\\"Arrêté\\",\\"R-1\\",null],\\"high\\",\\"2025-12-31T10:00:00.000Z\\"]","DGldUJ7jqzJYpGcxgRtbmK5CiIB0jFfHb6IXK0LI6VM=",["FR-OCC",["60"]],false]]',
  )
  t.equal(entryHash.toString('base64'), 'BMLCbtmJm3H6YFCNsYkrhn8rzoxFYWzlJ7oN9c6Ylnc=')
})

t.test('the bytes of its withdrawal are frozen', async (t) => {
  const withdrawn = withdrawalOf({ id: rule.id, withdrawnAt: recordedAt - 3 }, recordedAt)
  const { canonical, entryHash } = sealRecord({ ...withdrawn, id: '0197a000-0000-7000-8000-000000000005' })
  t.equal(
    canonical.toString(),
    '["gomask-record-v1","0197a000-0000-7000-8000-000000000005","rule_withdrawn","2026-11-20T09:30:00.123Z","0197a000-0000-7000-8000-000000000009",["2026-11-20T09:30:00.120Z"]]',
  )
  t.equal(entryHash.toString('base64'), 'yBnvD49TVes31fY9e2szXKQCXw2PbjE7EfHy5X+xwKU=')
})

t.test('each thing that a rule says changes its hash, and its withdrawal does not', async (t) => {
  const changes: Partial<PublishedRule>[] = [
    { id: '0197a000-0000-7000-8000-000000000008' },
    { beneficiaries: [{ profession: '60' }] },
    { beneficiaries: [{ profession: '60', speciality: 'Médecine' }, { profession: '10' }] },
    { products: ['ffp2', 'surgical'] },
    { cap: 11 },
    { subCaps: [] },
    { window: { kind: 'once' } },
    { window: { kind: 'rolling_days', count: 8 } },
    { territory: 'FR-31' },
    { validFrom: rule.validFrom + 1 },
    { validTo: rule.validFrom + 1 },
    { source: { ...rule.source, title: 'Autre' } },
    { source: { ...rule.source, url: 'https://example.org' } },
    { confidence: 'low' },
    { publishedAt: rule.publishedAt + 1 },
  ]
  const hashes = changes.map((change) => ruleHash({ ...rule, ...change }))
  t.equal(new Set([ruleHash(rule), ...hashes]).size, changes.length + 1)
  t.equal(ruleHash({ ...rule, withdrawnAt: 0 } as PublishedRule), ruleHash(rule))
})

t.test('what sealing could not have made is no record, and no publication', async (t) => {
  const text = sealRecord({ ...published, id: rule.id }).canonical.toString()
  const sealed = unsealRecord(text)
  t.match(sealed && readPublication(sealed), { ruleId: rule.id, validTo: null, authority, isAdopted: false })
  const wrong = [
    '',
    '{}',
    '[]',
    text.replace('v1', 'v2'),
    ` ${text}`,
    text.replace('.123Z', 'Z'),
    text.replace('"rule_published"', '7'),
  ]
  for (const each of wrong) t.equal(unsealRecord(each), undefined, each)
  for (const fields of [
    [],
    ['x', ...published.fields.slice(1)],
    published.fields.with(3, 'no'),
    ['[]', '4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945', null, true],
  ]) {
    t.equal(readPublication({ ...published, fields }), undefined)
  }
  t.equal(readPublication({ ...published, subject: 'another' }), undefined)
})
