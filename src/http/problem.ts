import { z } from 'zod'
import type { FieldError, RefusalCode } from '../domain/refusals.ts'

/**
 * The closed list of problem codes and the HTTP status of each (RFC 9457). A code is never renamed.
 * @internal
 */
export const problemStatus = {
  invalid_request: 400,
  idempotency_key_missing: 400,
  dispensed_at_out_of_range: 400,
  unauthenticated: 401,
  forbidden: 403,
  pharmacy_suspended: 403,
  not_found: 404,
  method_not_allowed: 405,
  entitlement_exceeded: 409,
  entitlement_held: 409,
  no_rule_in_force: 409,
  profession_not_entitled: 409,
  professional_unknown: 409,
  professional_suspended: 409,
  product_inactive: 409,
  stock_insufficient: 409,
  no_stock_in_reach: 409,
  stock_count_outdated: 409,
  too_many_holds: 409,
  reservation_not_held: 409,
  reservation_mismatch: 409,
  pickup_code_wrong: 409,
  override_not_allowed: 409,
  reversal_exceeds_dispensed: 409,
  entry_not_in_checkpoint: 409,
  retention_running: 409,
  client_revoked: 409,
  client_secrets_full: 409,
  idempotency_in_progress: 409,
  payload_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  idempotency_key_reused: 422,
  rate_limited: 429,
  headers_too_large: 431,
  internal: 500,
  unavailable: 503,
  outcome_unknown: 503,
} as const satisfies Record<RefusalCode, number> & Record<string, number>

export type ProblemCode = keyof typeof problemStatus

type Status = (typeof problemStatus)[ProblemCode]

const titles: Record<Status, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/**
 * Ends a request with a problem document. `detail` and `facts` are public: they must not contain a national number,
 * name, token or SQL. `status` differs from the code's own only for a caller who is suspended (403).
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: Status
  readonly errors: FieldError[] | undefined
  readonly facts: Record<string, unknown>
  readonly retryAfterSeconds: number | undefined
  /** A word or two for the log only; nothing personal. */
  readonly reason: string | undefined

  constructor(
    code: ProblemCode,
    detail: string,
    more: {
      status?: 403
      errors?: FieldError[] | undefined
      facts?: Record<string, unknown>
      retryAfterSeconds?: number | undefined
      reason?: string
    } = {},
  ) {
    super(detail)
    this.code = code
    this.status = more.status ?? problemStatus[code]
    this.errors = more.errors
    this.facts = more.facts ?? {}
    this.retryAfterSeconds = more.retryAfterSeconds
    this.reason = more.reason
  }

  get title(): string {
    return titles[this.status]
  }
}

const codes = Object.keys(problemStatus) as [ProblemCode, ...ProblemCode[]]

/** The problem document of RFC 9457; some codes add members, such as `remaining`. */
export const problemSchema = z
  .looseObject({
    type: z.string().describe('A URN for the code.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('What is wrong with this request and what to do about it.'),
    instance: z.string().describe('A URN for this occurrence.'),
    code: z.enum(codes).describe('Stable and never renamed: program against it.'),
    requestId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('On 400: each wrong field.'),
  })
  .meta({ id: 'Problem' })

/** The members of a problem document. */
export function documentOf(problem: Problem, requestId: string): Record<string, unknown> {
  return {
    ...problem.facts,
    type: `urn:gomask:problem:${problem.code}`,
    title: problem.title,
    status: problem.status,
    detail: problem.message,
    instance: `urn:uuid:${requestId}`,
    code: problem.code,
    requestId,
    ...(problem.status === 400 && { errors: problem.errors ?? [{ path: 'request', message: problem.message }] }),
  }
}

/** The name of an unknown field as errors may show it: digits in it could be a person's number. */
export function shownName(given: string): string {
  return /\d{4}/.test(given) ? '…' : given
}
