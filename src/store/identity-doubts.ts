import { v7 as uuidv7 } from 'uuid'
import type { Database, Transaction } from '../db/database.ts'
import { oneRow, rows } from '../db/query.ts'
import { json, sql, texts } from '../db/sql.ts'
import { inTransaction, StaleRead } from '../db/transaction.ts'
import { sayWho } from './admin-acts.ts'
import { lockHeads } from './ledger.ts'

/** What is known of the persons whom some numbers name. */
interface Claim {
  /** These persons and all that are counted with them. */
  persons: string[]
  /** Pairs of them about whom there was never a doubt. */
  undoubted: { one: string; other: string }[]
}

/**
 * Keeps that an issuer says that all these numbers are one person's, where the directory has several: from then on what
 * each received counts for all, until somebody decides. About two persons there is one doubt, whoever says so and
 * however often, also after they were found distinct. Returns how many are new.
 */
export function raiseDoubts(
  db: Database,
  numbers: readonly string[],
  issuer: string,
  drawId: () => string = uuidv7,
): Promise<number> {
  return inTransaction(db, async (tx) => {
    const before = await readClaim(tx, numbers)
    if (before.undoubted.length === 0) return 0
    sayWho(tx, { role: 'issuer', name: issuer, act: 'logIn' })
    const locked = await lockHeads(tx, before.persons)
    // Read again: while the locks waited there may have been a merge, or the same doubt.
    const { persons, undoubted } = await readClaim(tx, numbers)
    if (persons.some((id) => !locked.some(({ personId }) => personId === id)))
      throw new StaleRead('persons were merged, or came to be counted together, before the lock')
    const doubts = undoubted.map((pair) => ({ id: drawId(), ...pair }))
    await insertDoubts(tx, doubts, issuer)
    return undoubted.length
  })
}

// A doubt between two who are still two is open, or they were found distinct.
function readClaim(tx: Transaction, numbers: readonly string[]): Promise<Claim> {
  return oneRow<Claim>(
    tx,
    'read_claim',
    sql`with named as materialized (
          select distinct p.root_id as id from person_identifiers i join persons p on p.id = i.person_id
          where i.identifier = any (${texts(numbers)})
        )
        select (select coalesce(json_agg(id), '[]') from (
            select id from named union
            select t.other_id from named join counted_together t on t.person_id = named.id and t.until_seq is null
          ) as person) as persons,
          (select coalesce(json_agg(json_build_object('one', one.id, 'other', other.id)), '[]')
            from named one join named other on one.id < other.id
            where not exists (
              select from persons record join identity_doubts d on record.id in (d.one_id, d.other_id)
                join persons there on there.id in (d.one_id, d.other_id)
              where record.root_id = one.id and there.root_id = other.id)) as undoubted`,
  )
}

async function insertDoubts(
  tx: Transaction,
  doubts: readonly (Claim['undoubted'][number] & { id: string })[],
  issuer: string,
): Promise<void> {
  await rows(
    tx,
    'insert_identity_doubts',
    sql`insert into identity_doubts (id, one_id, other_id, issuer)
        select id, one, other, ${issuer} from jsonb_to_recordset(${json(doubts)}) as t(id uuid, one uuid, other uuid)`,
  )
}
