import t from 'tap'
import { instantOf } from '../../src/domain/instant.ts'
import { type LedgerEntry, sealEntry } from '../../src/domain/ledger-entry.ts'

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
  const payload = '{"professional":"99700000012","identityCheck":{"method":"cps_card"},"reservations":[]}'
  const { canonical, entryHash } = sealEntry(dispensation, Buffer.from(payload), salt)
  t.equal(
    canonical.toString(),
    '["gomask-entry-v1","0197a000-0000-7000-8000-000000000002","0197a000-0000-7000-8000-000000000001",1,null,"dispensation","2026-11-20T09:30:00.123Z","2026-11-20T09:29:00.000Z","319000019","60",["FR-31","FR-31"],[["surgical",4,"L1","0197a000-0000-7000-8000-000000000009",["2026-11-15T23:00:00.000Z","2026-11-22T23:00:00.000Z","Europe/Paris"]]],["override"],null,"TOzfKSXpkoLykXwFkPIotVviVtyDfa9aQ04UzOtdHtI="]',
  )
  t.equal(entryHash.toString('base64'), 'BzEojqUVpaj+FkpYJD41f5sOXQHJ5iyWgiTzJCX++A4=')
})

t.test('the bytes and the hash of an erasure are frozen', async (t) => {
  const payload = '{"authority":"CNIL, MED-2026-001","reason":"Article 17 of the GDPR"}'
  const { canonical, entryHash } = sealEntry(erasure, Buffer.from(payload), salt)
  t.equal(
    canonical.toString(),
    '["gomask-entry-v1","0197a000-0000-7000-8000-000000000003","0197a000-0000-7000-8000-000000000001",2,"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","erasure","2026-11-20T09:30:00.123Z","2026-11-20T09:30:00.123Z",null,"60",["FR-31",null],[],[],null,"wS+Wr2h1YNoOcvn9MzUTi4b+rOc1pJ1sh2fq9YUOpOI="]',
  )
  t.equal(entryHash.toString('base64'), '9dRwY4P1wQIsQvFU2TFu7uyTFJbSVosluC4T3o1ovIw=')
})
