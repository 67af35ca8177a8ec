import type { Allowance } from './entitlement.ts'

/**
 * The closed list of what a request can be told no for; never renamed. The domain knows the codes alone: HTTP has a status
 * for each, and codes of its own for what never reaches a verb.
 */
export type RefusalCode =
  // There is nothing to judge.
  | 'invalid_request'
  | 'dispensed_at_out_of_range'
  | 'forbidden'
  | 'pharmacy_suspended'
  | 'not_found'
  | 'entry_not_in_checkpoint'
  | 'rate_limited'
  | 'unavailable'
  // It was judged.
  | 'entitlement_exceeded'
  | 'entitlement_held'
  | 'no_rule_in_force'
  | 'profession_not_entitled'
  | 'professional_unknown'
  | 'professional_suspended'
  | 'product_inactive'
  | 'stock_insufficient'
  | 'no_stock_in_reach'
  | 'stock_count_outdated'
  | 'too_many_holds'
  | 'reservation_not_held'
  | 'reservation_mismatch'
  | 'pickup_code_wrong'
  | 'override_not_allowed'
  | 'reversal_exceeds_dispensed'
  | 'retention_running'
  | 'client_revoked'
  | 'client_secrets_full'

/**
 * A decision against the caller. The house says no in two ways: a verb that judged its facts returns a refusal, a value, so
 * that the transaction commits its record; where there is nothing to judge, it throws a `Rejection`, and nothing is kept.
 * Stores do neither: they return facts.
 */
export interface Refusal {
  refused: RefusalCode
  /** Public, as `facts` are: no national number, name, token or SQL may stand in them. */
  detail: string
  facts: Record<string, unknown>
  /** What it turned on: for the record alone, never part of an answer. */
  judged?: Judged | undefined
}

/** The line that a refusal turned on, and what it was judged by, as it was then. */
export interface Judged {
  product: string
  /** Asked for. */
  quantity: number
  allowance?: Pick<Allowance, 'cap' | 'received' | 'held' | 'rule' | 'period'>
  /** What the pharmacy had to give of the product; of a reversal, what was not yet taken back. */
  available?: number
}

/** Makes a refusal; the caller is told its `facts`, but not what it was `judged` by. */
export function refused(
  code: RefusalCode,
  detail: string,
  facts: Record<string, unknown> = {},
  judged?: Judged,
): Refusal {
  return { refused: code, detail, facts, judged }
}

/** Tells a refusal from a result. */
export function isRefusal(result: unknown): result is Refusal {
  return typeof result === 'object' && result !== null && 'refused' in result
}

/** One wrong field of a request: `path` in dots and brackets, `message` with the limit. */
export interface FieldError {
  path: string
  message: string
}

/**
 * Thrown for a request of which there is nothing to judge: it names what is not there, a field is wrong, the caller may
 * not, or now is not the moment. Its transaction is rolled back. The message is public, as a refusal's detail is.
 */
export class Rejection extends Error {
  readonly code: RefusalCode
  readonly errors: FieldError[] | undefined
  /** When it is worth trying again. */
  readonly waitSeconds: number | undefined

  constructor(code: RefusalCode, detail: string, more: { errors?: FieldError[]; waitSeconds?: number } = {}) {
    super(detail)
    this.code = code
    this.errors = more.errors
    this.waitSeconds = more.waitSeconds
  }
}

/** The rejection of one wrong field. */
export function invalid(path: string, message: string): Rejection {
  return new Rejection('invalid_request', `${path}: ${message}`, { errors: [{ path, message }] })
}
