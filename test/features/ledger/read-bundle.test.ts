import t from 'tap'
import { rows } from '../../../src/db/query.ts'
import { sql } from '../../../src/db/sql.ts'
import { linesOf, verify } from '../../support/bundle.ts'
import { makeHistory } from '../../support/history.ts'
import { rpps } from '../../support/numbers.ts'
import { accessesTo, asOwner } from '../../support/records.ts'
import { startService } from '../../support/service.ts'

const service = await startService(t)
const { db } = service
const { world, here, brest, nurse } = await makeHistory(service)
const url = await service.app.listen({ port: 0 })
const regulator = (territories: string[], professions: string[] = []) =>
  service.token({ role: 'regulator', subject: 'ars', territories, professions })
const occitanie = await regulator(['FR-OCC'])
const bretagne = await regulator(['FR-BRE'])

/** Asks as a regulator's own program would. */
async function read(token: string, query = ''): Promise<{ status: number; type: string | null; text: string }> {
  const response = await fetch(`${url}/v1/ledger/bundle${query}`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, type: response.headers.get('content-type'), text: await response.text() }
}
const problem = async (token: string, query = '') => {
  const { status, text } = await read(token, query)
  return { status, body: JSON.parse(text) }
}
/** The rule’s record has the first place in the log, and is in every bundle. */
const indexes = (text: string) => linesOf(text).entries.map(({ index }) => index)

t.test('200: all in the remit, or what is asked for of it, with proofs', async (t) => {
  const { status, type, text } = await read(world.regulator)
  t.strictSame([status, type], [200, 'application/x-ndjson'])
  t.match(verify(text), { header: { entries: 10 }, newest: { size: 10 } })
  const times = linesOf(text).entries.map(({ columns }) => columns?.occurredAt)
  for (const [token, query, expected] of [
    [occitanie, '', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    [bretagne, '', [0, 2]],
    [await regulator(['FR-BRE'], ['10']), '', [0]],
    [await regulator([]), '', [0]],
    [bretagne, `?pharmacy=${here.finess}`, [0]],
    [occitanie, `?pharmacy=${brest.finess}`, [0, 2]],
    [world.regulator, `?from=${times[2]}&to=${times[4]}`, [0, 2, 3]],
  ] as const) {
    const answer = await read(token, query)
    t.strictSame(indexes(answer.text), expected, query)
    t.match(verify(answer.text), { newest: { size: 10 } }, query)
  }
})

t.test('200: a person’s whole history, entries outside the remit by their hashes alone', async (t) => {
  const { text } = await read(bretagne, `?professional=${nurse.id}`)
  t.strictSame(indexes(text), [0, 1, 2, 5, 6, 7, 8, 9])
  t.match(verify(text), { header: { selection: { remit: { territories: ['FR-BRE'] } } }, hidden: 6 })
  const { entries } = linesOf(text)
  t.strictSame(
    entries.filter((entry) => 'canonical' in entry).map(({ index }) => index),
    [0, 2],
  )
  t.strictSame(Object.keys(entries[1] ?? {}), ['index', 'leafHash', 'proof'])
  const cut = `${text.trimEnd().split('\n').toSpliced(4, 1).join('\n')}\n`.replace('"entries":8', '"entries":7')
  t.match(verify(cut), /^entry 2: /, 'one that is left out is found')
})

t.test('200 and 404: each reading is recorded before it is answered, and each attempt', async (t) => {
  const before = (await accessesTo(db, nurse.id)).length
  t.equal((await read(occitanie, `?professional=${nurse.id}`)).status, 200)
  const other = await world.professional(7)
  t.match(await problem(bretagne, `?professional=${other.id}`), { status: 404, body: { code: 'not_found' } })
  t.match(await problem(bretagne, `?professional=${rpps(998)}`), { status: 404, body: { code: 'not_found' } })
  const access = { kind: 'ledger', reader_role: 'regulator', reader: 'ars' }
  t.match((await accessesTo(db, nurse.id)).slice(before), [{ ...access, outcome: 'shown' }])
  t.match(await accessesTo(db, other.id), [{ ...access, outcome: 'not_found' }])
  const selections = await rows(
    db,
    'selections',
    sql`select from accesses where person_id is null and outcome = 'shown'`,
  )
  t.ok(selections.length >= 8, 'selections of nobody in particular too')
})

t.test('400: what is no time, no number or no parameter; 403 for every other role', async (t) => {
  for (const [query, path] of [
    ['?from=yesterday', 'from'],
    ['?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z', 'to'],
    ['?pharmacy=1', 'pharmacy'],
    ['?professional=1', 'professional'],
  ] as const) {
    t.match(await problem(world.regulator, query), { status: 400, body: { errors: [{ path }] } }, query)
  }
  t.equal((await problem(world.regulator, '?profesional=1')).status, 400)
  for (const token of [here.token, nurse.token, world.admin]) {
    t.match(await problem(token), { status: 403, body: { code: 'forbidden' } })
  }
  t.equal((await problem('none')).status, 401)
})

t.test('404: before the first checkpoint', async (t) => {
  const empty = await startService(t)
  const token = await empty.token({ role: 'regulator', subject: 'ars', territories: ['FR'] })
  t.match(await empty.call('GET', '/v1/ledger/bundle', { token }), { status: 404, body: { code: 'not_found' } })
})

t.test('a failure in the midst breaks the connection: half a bundle never ends well', async (t) => {
  await asOwner(db, 'alter table log_tiles rename to lost_tiles')
  await t.rejects(read(world.regulator))
  await asOwner(db, 'alter table lost_tiles rename to log_tiles')
  t.match(verify((await read(world.regulator)).text), { newest: { size: 10 } })
})
