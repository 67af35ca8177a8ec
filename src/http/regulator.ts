import { sql } from 'drizzle-orm'
import { frozenInRemit } from '../store/remit.ts'
import type { Caller } from './caller.ts'

/** A condition over ledger_entries e: the entry lies in a regulator's remit, by what is frozen in it. */
export function entryInRemit(caller: Caller) {
  return frozenInRemit(sql`e`, caller)
}
