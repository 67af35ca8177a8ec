import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import type { Database } from '../../src/db/database.ts'
import { openEmbedded } from '../../src/db/embedded.ts'
import { prepareJobs } from '../../src/db/job-queue.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openServer } from '../../src/db/server.ts'
import { takeEmbedded } from './embedded-pool.ts'
import { addressFor, makeMigrated } from './logins.ts'

/** The server that tests make their databases on; undefined: each has an embedded one. */
export const serverUrl = process.env.TEST_DATABASE_URL

/** For `t.test(title, { skip: onServerOnly }, …)`: what proves nothing where one transaction runs at a time. */
export const onServerOnly = serverUrl ? false : 'the embedded database runs one transaction at a time'

/**
 * For what starts many processes, each of which would open the embedded database anew, and shows the same on a server.
 */
export const onServerSooner = serverUrl ? false : 'it is run on a server, which starts sooner'

/** For what is about the embedded database, which a run on a server need not show once more. */
export const onEmbeddedOnly = serverUrl ? 'about the embedded database' : false

/** What a busy machine takes says nothing about the service; locks alone are given up as soon as it gives them up. */
export const PATIENT = { statementMs: 60_000, acquireMs: 60_000, idleInTransactionMs: 60_000, answerMs: 60_000 }

/** A database of a test file's own, empty but for the reference data that every one has. */
export interface TestDatabase {
  db: Database
  /** Of the server's, as the service logs in; undefined on the embedded one. */
  url: string | undefined
  /** Of the embedded one. */
  dataDir: string | undefined
  drop(): Promise<void>
}

/** Makes a database out of the template, which is made first if need be. */
export function makeDatabase(connections = 20): Promise<TestDatabase> {
  return serverUrl ? onServer(serverUrl, connections) : embedded()
}

async function embedded(): Promise<TestDatabase> {
  const { db, folder, giveBack } = await takeEmbedded(makeDataDir)
  return { db, url: undefined, dataDir: folder, drop: giveBack }
}

/** A data folder with an embedded database in it that is up to date and empty, copied from one that is made once. */
export async function makeDataDir(): Promise<string> {
  const template = join(tmpdir(), `gomask-test-template-${await templateChecksum()}`)
  if (!existsSync(template)) {
    const draft = await mkdtemp(`${template}-`)
    const fresh = await openEmbedded(draft)
    await migrate(fresh.owner)
    await prepareJobs(fresh.owner)
    await fresh.close()
    // Of two test files that make it at the same time the first one wins.
    await rename(draft, template).catch(() => rm(draft, { recursive: true }))
  }
  const folder = await mkdtemp(join(tmpdir(), 'gomask-test-'))
  await cp(template, folder, { recursive: true })
  return folder
}

async function onServer(server: string, connections: number): Promise<TestDatabase> {
  const template = `gomask_test_template_${await templateChecksum()}`
  await asAdmin(server, async (admin) => {
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [template])
    if (rowCount === 0) await makeTemplate(admin, server, template)
  })
  const { url: allRights, drop } = await makeServerDatabase(server, template)
  const url = addressFor('gomask_test_service', allRights)
  const db = openServer(url, { connections, timeouts: PATIENT, onError: () => {} })
  return {
    db,
    url,
    dataDir: undefined,
    drop: async () => {
      await db.close().catch(() => {}) // Unless the test did, to see what happens then.
      await drop()
    },
  }
}

/** A database on the server as it makes one, nothing migrated, or a copy of another; its address has all rights. */
export async function makeServerDatabase(
  server: string,
  template = 'template1',
): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `gomask_test_${randomUUID().replaceAll('-', '')}`
  await asAdmin(server, (admin) => admin.query(`create database ${name} template ${template}`))
  return {
    url: urlOf(server, name),
    drop: () => asAdmin(server, (admin) => admin.query(`drop database if exists ${name} with (force)`)),
  }
}

async function makeTemplate(admin: pg.Client, server: string, template: string): Promise<void> {
  const draft = `${template}_draft`
  await admin.query(`drop database if exists ${draft} with (force)`)
  await admin.query(`create database ${draft}`)
  await makeMigrated(urlOf(server, draft))
  await admin.query(`alter database ${draft} rename to ${template}`)
}

// One test file at a time makes or copies the template: it must have no other connection then.
async function asAdmin(server: string, work: (admin: pg.Client) => Promise<unknown>): Promise<void> {
  const admin = new pg.Client({ connectionString: server })
  await admin.connect()
  try {
    await admin.query(`select pg_advisory_lock(hashtext('gomask tests'))`)
    await work(admin)
  } finally {
    await admin.end()
  }
}

/** The address with which a database of a test can be altered at will, from the one that the service has. */
export function withAllRights(url: string): string {
  return databaseOnServer(new URL(url).pathname.slice(1))
}

/** The address with all rights of a database on the server that the tests run on. */
export function databaseOnServer(name: string): string {
  return urlOf(serverUrl ?? '', name)
}

function urlOf(server: string, name: string): string {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** Of all that a template is made from: the migrations, and the jobs with their schedule. */
async function templateChecksum(): Promise<string> {
  const folder = new URL('../../migrations/', import.meta.url)
  const names = (await readdir(folder)).sort()
  const hash = createHash('sha256')
  for (const name of names) hash.update(await readFile(new URL(name, folder)))
  hash.update(await readFile(new URL('../../src/db/job-queue.ts', import.meta.url)))
  return hash.digest('hex').slice(0, 16)
}
