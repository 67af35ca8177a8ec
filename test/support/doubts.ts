import { oneRow } from '../../src/db/query.ts'
import { sql } from '../../src/db/sql.ts'
import { raiseDoubts } from '../../src/store/identity-doubts.ts'
import type { Service } from './service.ts'

/** Has an issuer say that two people of the directory are one; answers the id of the doubt. */
export async function raiseDoubt({ db }: Pick<Service, 'db'>, numbers: [string, string]): Promise<string> {
  await raiseDoubts(db, numbers, 'an issuer')
  const newest = sql`select id::text from identity_doubts order by id desc limit 1`
  return (await oneRow<{ id: string }>(db, 'newest_doubt', newest)).id
}
