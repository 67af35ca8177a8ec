import pg from 'pg'
import { prepareJobs } from '../../src/db/job-queue.ts'
import { migrate } from '../../src/db/migrate.ts'
import { openServerOwner } from '../../src/db/server-owner.ts'

// For nothing but databases that tests make.
const PASSWORD = 'only-for-tests'

/** The two logins of a deployment: the service's is a member of gomask_app and nothing else. */
export type Login = 'gomask_test_owner' | 'gomask_test_service'

/** Makes both logins, as the runbook says, on a server where they may be there already. */
async function makeLogins(admin: pg.Client): Promise<void> {
  await make(admin, 'gomask_app', 'nologin')
  await make(admin, 'gomask_test_owner', `login password '${PASSWORD}'`)
  await make(admin, 'gomask_test_service', `login password '${PASSWORD}' in role gomask_app`)
}

async function make(admin: pg.Client, name: string, attributes: string): Promise<void> {
  const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name])
  if (rowCount === 0) await admin.query(`create role ${name} ${attributes}`)
}

/** The address of a database for one of the logins. */
export function addressFor(login: Login, url: string): string {
  const address = new URL(url)
  address.username = login
  address.password = PASSWORD
  return address.href
}

/** Does what only an administrator of the server may do, in the database of this address. */
export async function asAdministrator<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

/** Makes a database ready for `gomask migrate` by the owner, as the runbook says; it is the owner's. */
export async function makeReady(url: string): Promise<void> {
  await asAdministrator(url, async (admin) => {
    await makeLogins(admin)
    await admin.query(`do $$ begin
      execute format('alter database %I owner to gomask_test_owner', current_database()); end $$`)
    await admin.query('create extension if not exists postgis')
    await admin.query('create extension if not exists btree_gist')
  })
}

/** Makes a database ready and migrates it with the owner's login, and nothing more, as `gomask migrate` does. */
export async function makeMigrated(url: string): Promise<void> {
  await makeReady(url)
  const owner = await openServerOwner(addressFor('gomask_test_owner', url))
  try {
    await migrate(owner)
    await prepareJobs(owner)
  } finally {
    await owner.close()
  }
}
