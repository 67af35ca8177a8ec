import { createHmac } from 'node:crypto'
import t from 'tap'
import { readClock } from '../../src/db/clock.ts'
import type { Head } from '../../src/domain/chain.ts'
import { commitmentTo } from '../../src/domain/commitment.ts'
import { verifierOf } from '../../src/domain/signed-note.ts'
import { prepareBundle } from '../../src/features/ledger/bundle.ts'
import { append, lockHeads, seal } from '../../src/store/ledger.ts'
import { ALL, exportBundle, linesOf, verify } from '../support/bundle.ts'
import { makeHistory } from '../support/history.ts'
import { makeSigner, publishLog } from '../support/log.ts'
import { adeli } from '../support/numbers.ts'
import { fc, seededUuid } from '../support/seed.ts'
import { startService } from '../support/service.ts'
import { range } from '../support/tally.ts'
import { must } from '../support/world.ts'

const service = await startService(t)
const { world, signer, here, nurse, early, newest } = await makeHistory(service)
const whole = await exportBundle(service)
const ofPersons = (bundle: string) => linesOf(bundle).entries.filter(({ columns }) => columns)
const indexesOf = (bundle: string) => linesOf(bundle).entries.map(({ index }) => index)

t.test('the whole log verifies: every entry, and the checkpoint of an earlier day', async (t) => {
  const { header, checkpoints } = linesOf(whole)
  t.match(header, {
    format: 'gomask-bundle-v2',
    origin: 'gomask.test',
    keys: [signer.line],
    selection: null,
    entries: 10,
  })
  t.strictSame(
    checkpoints.map(({ checkpoint, consistency }) => [checkpoint, consistency?.length]),
    [
      [newest, undefined],
      [early, 5],
    ],
  )
  t.strictSame(
    ofPersons(whole).map(({ columns: { kind, seq, flags, lines } }) => [
      kind,
      seq,
      flags.join(),
      lines.map(({ effect }) => effect).join(),
    ]),
    [
      ['dispensation', 1, '', '4'],
      ['dispensation', 2, '', '2'],
      ['dispensation', 1, '', '9'],
      ['dispensation', 2, 'override', '5'],
      ['reversal', 3, '', '-4'],
      ['dispensation', 1, '', '1,2'],
      ['link', 4, '', ''],
      ['link', 2, '', ''],
      ['dispensation', 5, '', '1'],
    ],
  )
  const keys = [verifierOf(signer.line)].flatMap((key) => key ?? [])
  t.match(verify(whole, { keys }), { newest: { size: 10 }, earlier: 1, erased: 0, hidden: 0, promised: [] })
})

t.test('a selection holds the entries asked for, each proved by itself', async (t) => {
  const times = ofPersons(whole).map(({ columns }) => Date.parse(columns.occurredAt))
  const between = { ...ALL, from: times[1] as number, to: times[3] as number }
  for (const [selection, indexes] of [
    [ALL, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [{ ...ALL, pharmacy: here.finess }, [0, 1, 3, 4, 5, 6, 9]],
    [{ ...ALL, professional: nurse.id }, [0, 1, 2, 5, 6, 7, 8, 9]],
    [{ ...ALL, professional: adeli(1) }, [0, 1, 2, 5, 6, 7, 8, 9]],
    [between, [0, 2, 3]],
    [{ ...between, pharmacy: here.finess, professional: nurse.id }, [0]],
  ] as const) {
    const bundle = await exportBundle(service, selection)
    t.strictSame(indexesOf(bundle), indexes, JSON.stringify(selection))
    t.match(verify(bundle), { header: { entries: indexes.length }, newest: { size: 10 }, earlier: 1 })
  }
})

t.test(
  'what waits for the next checkpoint is in the next bundle; a key that was rotated verifies what it signed',
  async (t) => {
    must(201, await world.dispense(here, nurse.id, 1))
    t.equal(await exportBundle(service).then((bundle) => linesOf(bundle).entries.length), 10)
    const next = makeSigner()
    await publishLog(service.db, next)
    const bundle = await exportBundle(service)
    const { header, checkpoints } = linesOf(bundle)
    t.strictSame(header.keys, [next.line, signer.line], 'the present one first')
    t.equal(checkpoints.length, 2)
    const kept = [{ name: 'kept', note: newest }]
    t.match(verify(bundle, { keys: [next], checkpoints: kept }), { newest: { size: 11 }, earlier: 1 })
    t.match(verify(bundle, { keys: [signer] }), /^the newest checkpoint is not signed by the key that was given/)
  },
)

t.test('a log of several pages and tiles verifies, whole and entry by entry, and comes in pieces', async (t) => {
  const { db } = await startService(t)
  const linked = seededUuid()
  await db.foreign(
    `insert into persons (id, profession, family_name, given_name, status) values ('${linked}', '60', 'M', 'C', 'active')`,
  )
  await db.foreign(`insert into ledger_heads (person_id) values ('${linked}')`)
  await db.attempt(async (tx) => {
    let [head] = (await lockHeads(tx, [linked])) as [Head]
    for (const _ of range(1_100)) {
      const at = await readClock(tx)
      const territories = { practice: null, pharmacy: null }
      const facts = {
        recordedAt: at,
        occurredAt: at,
        pharmacy: null,
        profession: null,
        territories,
        lines: [],
        flags: [],
      }
      const entry = seal(
        head,
        { id: seededUuid(), kind: 'link', ...facts, refersTo: linked },
        { professional: adeli(9), numbers: [adeli(9)] },
      )
      append(tx, entry, [], adeli(9))
      head = { personId: linked, seq: entry.seq, entryHash: entry.entryHash }
    }
  })
  await publishLog(db, signer)
  for (const selection of [null, ALL]) {
    const pieces = await Array.fromAsync((await prepareBundle(db, selection, null))?.pieces() ?? [])
    t.equal(pieces.length, 4, 'the head, and pages of 500')
    t.match(verify(pieces.join('')), { header: { entries: 1_100 }, newest: { size: 1_100 } })
  }
})

t.test('while nothing is published there is nothing to export', async (t) => {
  const { db } = await startService(t)
  t.equal(await prepareBundle(db, null, null), undefined)
})

t.test('the commitment is the HMAC of RFC 2104', async () => {
  const bytes = fc.uint8Array({ maxLength: 300 }).map(Buffer.from)
  const salts = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(Buffer.from)
  fc.assert(
    fc.property(bytes, salts, (payload, salt) =>
      commitmentTo(payload, salt).equals(createHmac('sha256', salt).update(payload).digest()),
    ),
  )
})
