import { v7 as uuidv7 } from 'uuid'
import type { Config } from '../../config.ts'
import type { Queryable, Transaction } from '../../db/database.ts'
import { type Caller, numberOf } from '../../http/caller.ts'
import { findPerson } from './grant-queries.ts'
import { endRequest, hasSeveralAdmins, insertRequest, type Wanted } from './request-queries.ts'

/** Who changes a client, under a name that no two people share, and whether a second one must confirm it. */
export interface Asker {
  name: string
  fourEyes: Config['FOUR_EYES']
}

/** Who calls. A name that is a national number is kept as the person's surrogate. */
export async function askerOf(db: Queryable, caller: Caller, { FOUR_EYES }: Pick<Config, 'FOUR_EYES'>): Promise<Asker> {
  const number = numberOf(caller)
  const subject = number === undefined ? caller.subject : ((await findPerson(db, number)) ?? 'not in the directory')
  return { name: `${caller.issuer} ${subject}`, fourEyes: FOUR_EYES }
}

/** Whether one admin's word is not enough on this service. */
export async function needsSecondWord(tx: Transaction, { fourEyes }: Asker): Promise<boolean> {
  return fourEyes === 'auto' ? hasSeveralAdmins(tx) : fourEyes === 'true'
}

/** Keeps what somebody asks for a locked client until another admin confirms it; it replaces what was asked before. */
export async function ask(tx: Transaction, client: string, wanted: Wanted, { name }: Asker): Promise<string> {
  const id = uuidv7()
  await endRequest(tx, client, name, false)
  await insertRequest(tx, id, client, wanted, name)
  return id
}
