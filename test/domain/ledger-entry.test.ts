import t from 'tap'
import { unseal } from '../../src/domain/bundle/entry.ts'
import { instantOf } from '../../src/domain/instant.ts'
import { type LedgerEntry, sealEntry } from '../../src/domain/ledger-entry.ts'
import { leafHash } from '../../src/domain/merkle.ts'

// Made by Python's hmac and hashlib from the format's description, not by this program. They never change.
const recordedAt = instantOf('2026-11-20T09:30:00.123Z')
const salt = Buffer.alloc(32, 1)
const person = '0197a000-0000-7000-8000-000000000001'

const dispensation: LedgerEntry = {
  id: '0197a000-0000-7000-8000-000000000002',
  personId: person,
  seq: 1,
  previousHash: null,
  kind: 'dispensation',
  recordedAt,
  occurredAt: instantOf('2026-11-20T09:29:00Z'),
  pharmacy: '319000019',
  profession: '60',
  territories: { practice: 'FR-31', pharmacy: 'FR-31' },
  lines: [
    {
      product: 'surgical',
      quantity: 4,
      lot: 'L1',
      ruleId: '0197a000-0000-7000-8000-000000000009',
      ruleHash: 'DGldUJ7jqzJYpGcxgRtbmK5CiIB0jFfHb6IXK0LI6VM=',
      window: { start: instantOf('2026-11-15T23:00:00Z'), end: instantOf('2026-11-22T23:00:00Z') },
      timeZone: 'Europe/Paris',
    },
  ],
  flags: ['override'],
  refersTo: null,
}

const erasure: LedgerEntry = {
  id: '0197a000-0000-7000-8000-000000000003',
  personId: person,
  seq: 2,
  previousHash: Buffer.alloc(32, 7),
  kind: 'erasure',
  recordedAt,
  occurredAt: recordedAt,
  pharmacy: null,
  profession: '60',
  territories: { practice: 'FR-31', pharmacy: null },
  lines: [],
  flags: [],
  refersTo: null,
}

t.test('the bytes and the hash of a dispensation are frozen', async (t) => {
  const payload =
    '{"professional":"99700000012","numbers":["310000012","99700000012"],"identityCheck":{"method":"cps_card"},"reservations":[]}'
  const { canonical, entryHash } = sealEntry(dispensation, Buffer.from(payload), salt)
  t.equal(
    canonical.toString(),
    '["gomask-entry-v2","0197a000-0000-7000-8000-000000000002","0197a000-0000-7000-8000-000000000001",1,null,"dispensation","2026-11-20T09:30:00.123Z","2026-11-20T09:29:00.000Z","319000019","60",["FR-31","FR-31"],[["surgical",4,"L1","0197a000-0000-7000-8000-000000000009",["2026-11-15T23:00:00.000Z","2026-11-22T23:00:00.000Z","Europe/Paris"],"DGldUJ7jqzJYpGcxgRtbmK5CiIB0jFfHb6IXK0LI6VM="]],["override"],null,"sgn/J+RgwLsuvxKeIx0rIHWArU4y4o3Avw0ofpW4pp4="]',
  )
  t.equal(entryHash.toString('base64'), 'zwzybSIdTVetmeNDvKUtrdVzAsV4S+xec/Yh6RoNrtM=')
})

t.test('the bytes and the hash of an erasure are frozen', async (t) => {
  const payload = '{"authority":"CNIL, MED-2026-001","reason":"Article 17 of the GDPR"}'
  const { canonical, entryHash } = sealEntry(erasure, Buffer.from(payload), salt)
  t.equal(
    canonical.toString(),
    '["gomask-entry-v2","0197a000-0000-7000-8000-000000000003","0197a000-0000-7000-8000-000000000001",2,"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","erasure","2026-11-20T09:30:00.123Z","2026-11-20T09:30:00.123Z",null,"60",["FR-31",null],[],[],null,"wS+Wr2h1YNoOcvn9MzUTi4b+rOc1pJ1sh2fq9YUOpOI="]',
  )
  t.equal(entryHash.toString('base64'), 'NgbSaXkdqF+bZ90CCkVrJlEZ/14h7iomVzksAcWXPs0=')
})

t.test('the bytes of the first version are read as ever, and hash as ever', async (t) => {
  const canonical =
    '["gomask-entry-v1","0197a000-0000-7000-8000-000000000002","0197a000-0000-7000-8000-000000000001",1,null,"dispensation","2026-11-20T09:30:00.123Z","2026-11-20T09:29:00.000Z","319000019","60",["FR-31","FR-31"],[["surgical",4,"L1","0197a000-0000-7000-8000-000000000009",["2026-11-15T23:00:00.000Z","2026-11-22T23:00:00.000Z","Europe/Paris"]]],["override"],null,"TOzfKSXpkoLykXwFkPIotVviVtyDfa9aQ04UzOtdHtI="]'
  const hash = leafHash(Buffer.from(canonical)).toString('base64')
  t.equal(hash, 'BzEojqUVpaj+FkpYJD41f5sOXQHJ5iyWgiTzJCX++A4=')
  const { lines, ...columns } = unseal(canonical, hash)?.columns ?? fail()
  const { id, personId, seq, kind, pharmacy, profession, flags } = dispensation
  t.match(columns, { id, personId, seq, kind, pharmacy, profession, flags, recordedAt: '2026-11-20T09:30:00.123Z' })
  t.match(lines, [{ product: 'surgical', quantity: 4, lot: 'L1', windowStart: '2026-11-15T23:00:00.000Z' }])
  const judged = canonical.replace('"Europe/Paris"]', '"Europe/Paris"],null')
  t.equal(unseal(judged, hash), undefined, 'its lines say nothing more')
  t.equal(unseal(canonical.replace('v1', 'v2'), hash), undefined, 'and those of the second must')
})

function fail(): never {
  throw new Error('it is not read')
}
