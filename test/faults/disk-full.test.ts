import pg from 'pg'
import t from 'tap'
import { serverUrl } from '../support/database.ts'
import { SMALL_DISK, startPostgres } from '../support/postgres-container.ts'
import { makeFolder, makeServer } from '../support/process.ts'
import { dockerAnswers } from '../support/runner/docker-api.ts'
import { seededUuid } from '../support/seed.ts'
import { until } from '../support/until.ts'
import { dispensationBody, makeWorld, must } from '../support/world.ts'

const skip = await reasonToSkip()
const FILLER = `${SMALL_DISK}/filler`
const FULL = 'refused: the disk of the database is full'
const READ_ONLY = 'refused: the database can only be read'

t.test('a database that takes no writes', { skip }, async (t) => {
  const postgres = await startPostgres(t)
  const url = await postgres.makeOnSmallDisk()
  const server = makeServer(t, { DATABASE_URL: url }, await makeFolder(t))
  await server.start()
  const world = await makeWorld(server, 1_000_000)
  const [place, nurse] = [await world.pharmacy(1), await world.professional(1)]
  must(201, await world.count(place, 1_000_000))
  const admin = new pg.Client({ connectionString: url })
  admin.on('error', () => {})
  await admin.connect()
  t.teardown(() => admin.end())

  const acknowledged: string[] = []
  const dispense = async (key: string) => {
    const body = dispensationBody(nurse.id, 1)
    const answer = await server.call('POST', '/v1/dispensations', { token: place.token, key, body })
    if (answer.status === 201) acknowledged.push(answer.body.id)
    return answer
  }
  const writes = async () => (await server.call('GET', '/readyz')).body.checks.writes
  const finds = (finding: string) => until(`never found: ${finding}`, async () => (await writes()) === finding)
  const told = () => server.log().flatMap(({ check, why = 'ok' }) => (check ? [`${check} ${why}`] : []))

  await finds('ok')
  t.equal((await dispense(seededUuid())).status, 201)

  await t.test('its disk is full: 503, not ready, until there is room again', async (t) => {
    await postgres.run(`cat /dev/zero > ${FILLER} || true`)
    let refused = ''
    await until('nothing was refused', async () => {
      refused = seededUuid()
      return (await dispense(refused)).status === 503
    })
    await finds(FULL)
    const looks = 'select max(seen_at)::text as at from processes'
    const { rows: before } = await admin.query(looks)
    const anew = async () => (await admin.query(looks)).rows[0].at > before[0].at
    await until('it did not look again', async () => (await writes()) !== '' && (await anew()))
    t.equal(await writes(), FULL, 'what has room within a page proves nothing')

    await postgres.run(`rm ${FILLER}`)
    await finds('ok')
    t.equal((await dispense(refused)).status, 201)
    const { rows } = await admin.query('select id from ledger_entries')
    t.same(rows.map(({ id }) => id).sort(), acknowledged.sort(), 'what was acknowledged is there, and nothing else')
    await until('it was not said', () => told().length > 1)
    t.same(told(), [`writes ${FULL}`, 'writes ok'], 'each change is said once')
  })

  await t.test('it can only be read: not ready, until it is written to again', async (t) => {
    await admin.query('alter system set default_transaction_read_only = on')
    await admin.query('select pg_reload_conf()')
    await finds(READ_ONLY)
    t.match(await dispense(seededUuid()), { status: 503, body: { code: 'unavailable' } })
    await admin.query('set default_transaction_read_only = off')
    await admin.query('alter system reset default_transaction_read_only')
    await admin.query('select pg_reload_conf()')
    await finds('ok')
    t.equal((await dispense(seededUuid())).status, 201)
  })
})

async function reasonToSkip(): Promise<string | false> {
  if (!serverUrl) return 'the embedded database is on the disk of the test itself'
  return (await dockerAnswers(process.env)) ? false : 'no Docker API answers, and a disk must be filled'
}
