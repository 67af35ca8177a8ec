import type { Allowance } from './entitlement.ts'
import { inLanguage, phrase, type Text } from './language.ts'

/**
 * The closed list of reasons for which a request can be refused; never renamed. The domain knows only the codes: HTTP
 * has a status for each, and codes of its own for what never reaches a verb.
 */
export type RefusalCode =
  // There is nothing to judge.
  | 'invalid_request'
  | 'dispensed_at_out_of_range'
  | 'forbidden'
  | 'pharmacy_suspended'
  | 'not_found'
  | 'product_unknown'
  | 'voucher_invalid'
  | 'voucher_elsewhere'
  | 'entry_not_in_checkpoint'
  | 'events_gone'
  | 'rate_limited'
  | 'unavailable'
  | 'target_refused'
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
  | 'reservations_closed'
  | 'reservation_not_held'
  | 'reservation_mismatch'
  | 'pickup_code_wrong'
  | 'voucher_expired'
  | 'voucher_not_theirs'
  | 'override_not_allowed'
  | 'reversal_exceeds_dispensed'
  | 'retention_running'
  | 'identity_in_doubt'
  | 'identity_decided'
  | 'client_revoked'
  | 'client_secrets_full'
  | 'consent_ended'
  | 'webhook_endpoints_full'
  | 'webhook_endpoint_ended'

/**
 * A decision against the caller. There are two ways to say no. A verb that has judged its facts returns a refusal, as a
 * value, so that the transaction commits its record. If there is nothing to judge it throws a `Rejection`, and nothing
 * is kept. Stores do neither: they return facts.
 */
export interface Refusal {
  refused: RefusalCode
  /** Public, like `facts`: neither may contain a national number, name, token or SQL. */
  detail: Text
  facts: Record<string, unknown>
  /** What decided it: for the record only, never part of an answer. */
  judged?: Judged | undefined
}

/** The line that was refused, and what it was judged by at that moment. */
export interface Judged {
  product: string
  /** Asked for. */
  quantity: number
  allowance?: Pick<Allowance, 'cap' | 'received' | 'held' | 'rule' | 'period'>
  /** What the pharmacy had available of the product; for a reversal, what had not yet been taken back. */
  available?: number
}

/** Makes a refusal; the caller is told its `facts`, but not what it was `judged` by. */
export function refused(
  code: RefusalCode,
  detail: Text,
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
  message: Text
}

/**
 * Thrown when there is nothing to judge: the request names something that is not there, a field is wrong, the caller is
 * not allowed, or must wait. The transaction is rolled back. The detail is public, like a refusal's.
 */
export class Rejection extends Error {
  readonly code: RefusalCode
  readonly detail: Text
  readonly errors: FieldError[] | undefined
  /** When it is worth trying again. */
  readonly waitSeconds: number | undefined

  constructor(code: RefusalCode, detail: Text, more: { errors?: FieldError[]; waitSeconds?: number } = {}) {
    super()
    this.code = code
    this.detail = detail
    this.errors = more.errors
    this.waitSeconds = more.waitSeconds
  }

  /** For logs and commands. */
  override get message(): string {
    return inLanguage(this.detail, 'en')
  }
}

/** The rejection of one wrong field. */
export function invalid(path: string, message: Text): Rejection {
  return allInvalid({ path, message })
}

/** The rejection of wrong fields, which tells of the first and lists them all. */
export function allInvalid(first: FieldError, ...others: FieldError[]): Rejection {
  return new Rejection('invalid_request', fieldText(first), { errors: [first, ...others] })
}

function fieldText({ path, message }: FieldError): Text {
  return { en: phrase`${path}: ${message}`, fr: phrase`${path} : ${message}` }
}
