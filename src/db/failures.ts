import { phrase } from '../domain/language.ts'
import { invalid, Rejection } from '../domain/refusals.ts'

interface DriverError {
  code?: string
  constraint?: string
  message: string
}

/** The driver's own error, which is the cause of a failed statement's error. */
export function driverError(error: unknown): DriverError | undefined {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  return inner instanceof Error ? (inner as DriverError) : undefined
}

/** A COMMIT that the database did not confirm: the work may have been done or not. */
export class OutcomeUnknown extends Error {
  constructor() {
    super('the database did not confirm the COMMIT')
  }
}

/**
 * PostgreSQL's code for a failure; undefined if the network or the driver failed. Node's EPIPE looks like such a code.
 */
export function sqlState(error: unknown): string | undefined {
  const code = driverError(error)?.code
  return code !== undefined && /^(?!E)[0-9A-Z]{5}$/.test(code) ? code : undefined
}

const RETRIED = new Set(['40001', '40P01', '55P03'])

/** Whether the same work can simply be tried again: serialisation failure, deadlock, lock timeout. */
export function isRetryable(error: unknown): boolean {
  return RETRIED.has(driverError(error)?.code ?? '')
}

/** Whether somebody else held a lock for longer than lock_timeout. */
export function isLockTimeout(error: unknown): boolean {
  return driverError(error)?.code === '55P03'
}

// 57014: statement timeout; 53: out of resources, such as a full disk; 25006: a standby after a fail-over; XX: a
// database in recovery; 08 and 57P: the connection was lost.
const UNAVAILABLE = /^(57014|53...|25006|08...|57P..|58...|40001|40P01|55P03)$/
const LOST_CONNECTION =
  /Connection terminated|Query read timeout|timeout exceeded when trying to connect|ECONN|ENOTFOUND|EPIPE|EAI_AGAIN|Client has encountered/

/** Whether the database is at fault and not the request: nothing was done, and the same request may work later. */
export function isUnavailable(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== undefined) return UNAVAILABLE.test(state)
  const cause = driverError(error)
  return LOST_CONNECTION.test(`${cause?.code ?? ''} ${cause?.message ?? ''}`)
}

// 57014: statement timeout; 53100, 53200 and 53400: no room, memory or allowance left for what it had to put aside.
const TOO_HEAVY = /^(57014|53[124]00)$/

/** Whether a statement took more than a database gives to one: another would have to give it as much. */
export function isTooHeavy(error: unknown): boolean {
  const state = sqlState(error)
  return state === undefined ? /Query read timeout/.test(driverError(error)?.message ?? '') : TOO_HEAVY.test(state)
}

/**
 * Constraints that a request can violate even though the decision allowed it, and what each means to the caller. Any
 * other violated constraint is our fault.
 */
const CONSTRAINTS: Record<string, () => Rejection> = {
  stock_on_hand_range: () =>
    new Rejection('stock_insufficient', {
      en: phrase`The stock on hand would leave the range 0 to ${1_000_000_000}.`,
      fr: phrase`Le stock sortirait de la plage de 0 à ${1_000_000_000}.`,
    }),
  stock_held_within_on_hand: () =>
    new Rejection('stock_insufficient', {
      en: 'More would be promised than is on hand.',
      fr: 'Plus de masques seraient optionnés qu’il n’y en a en stock.',
    }),
  ledger_lines_within_cap: () =>
    new Rejection('entitlement_exceeded', {
      en: 'The quantity is above what the rule in force leaves.',
      fr: 'La quantité dépasse ce que laisse la dotation en vigueur.',
    }),
  product_packs_cip13: () =>
    invalid('packs', {
      en: 'a CIP13 belongs to another pack already',
      fr: 'un CIP13 appartient déjà à une autre boîte',
    }),
  product_packs_pkey: () =>
    invalid('packs', {
      en: 'a GTIN belongs to another product already',
      fr: 'un GTIN appartient déjà à un autre masque',
    }),
}

/** What a violated constraint means to the caller, or undefined. */
export function constraintRejection(error: unknown): Rejection | undefined {
  return CONSTRAINTS[driverError(error)?.constraint ?? '']?.()
}
