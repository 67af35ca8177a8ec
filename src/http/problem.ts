import { z } from 'zod'
import { inLanguage, type Language, type Text } from '../domain/language.ts'
import type { FieldError, RefusalCode } from '../domain/refusals.ts'

/** The closed list of problem codes and the HTTP status of each (RFC 9457). A code is never renamed. */
export const problemStatus = {
  invalid_request: 400,
  idempotency_key_missing: 400,
  dispensed_at_out_of_range: 400,
  target_refused: 400,
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
  product_unknown: 409,
  product_inactive: 409,
  stock_insufficient: 409,
  no_stock_in_reach: 409,
  stock_count_outdated: 409,
  too_many_holds: 409,
  reservations_closed: 409,
  reservation_not_held: 409,
  reservation_mismatch: 409,
  pickup_code_wrong: 409,
  voucher_invalid: 409,
  voucher_elsewhere: 409,
  voucher_expired: 409,
  voucher_not_theirs: 409,
  override_not_allowed: 409,
  reversal_exceeds_dispensed: 409,
  entry_not_in_checkpoint: 409,
  retention_running: 409,
  identity_in_doubt: 409,
  identity_decided: 409,
  client_revoked: 409,
  client_secrets_full: 409,
  consent_ended: 409,
  webhook_endpoints_full: 409,
  webhook_endpoint_ended: 409,
  idempotency_in_progress: 409,
  events_gone: 410,
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

const titles: Record<Status, { en: string; fr: string }> = {
  400: { en: 'Bad Request', fr: 'Requête incorrecte' },
  401: { en: 'Unauthorized', fr: 'Authentification requise' },
  403: { en: 'Forbidden', fr: 'Accès refusé' },
  404: { en: 'Not Found', fr: 'Introuvable' },
  405: { en: 'Method Not Allowed', fr: 'Méthode non admise' },
  409: { en: 'Conflict', fr: 'Conflit' },
  410: { en: 'Gone', fr: 'N’existe plus' },
  413: { en: 'Payload Too Large', fr: 'Corps trop volumineux' },
  414: { en: 'URI Too Long', fr: 'URL trop longue' },
  415: { en: 'Unsupported Media Type', fr: 'Type de contenu non admis' },
  422: { en: 'Unprocessable Content', fr: 'Contenu non traitable' },
  429: { en: 'Too Many Requests', fr: 'Trop de requêtes' },
  431: { en: 'Request Header Fields Too Large', fr: 'En-têtes trop volumineux' },
  500: { en: 'Internal Server Error', fr: 'Erreur interne' },
  503: { en: 'Service Unavailable', fr: 'Service indisponible' },
}

/**
 * Ends a request with a problem document. `detail` and `facts` are public: they must not contain a national number,
 * name, token or SQL. `status` differs from the code's own only for a caller who is suspended (403).
 */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly detail: Text
  readonly status: Status
  readonly errors: FieldError[] | undefined
  readonly facts: Record<string, unknown>
  readonly retryAfterSeconds: number | undefined
  /** A word or two for the log only; nothing personal. */
  readonly reason: string | undefined

  constructor(
    code: ProblemCode,
    detail: Text,
    more: {
      status?: 403
      errors?: FieldError[] | undefined
      facts?: Record<string, unknown>
      retryAfterSeconds?: number | undefined
      reason?: string
    } = {},
  ) {
    super()
    this.code = code
    this.detail = detail
    this.status = more.status ?? problemStatus[code]
    this.errors = more.errors
    this.facts = more.facts ?? {}
    this.retryAfterSeconds = more.retryAfterSeconds
    this.reason = more.reason
  }

  /** For logs. */
  override get message(): string {
    return inLanguage(this.detail, 'en')
  }

  /** The status in words; in English it is HTTP's own reason phrase. */
  get title(): { en: string; fr: string } {
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

/** The members of a problem document, for somebody who reads this language. */
export function documentOf(problem: Problem, requestId: string, language: Language): Record<string, unknown> {
  const detail = inLanguage(problem.detail, language)
  const errors = problem.errors?.map(({ path, message }) => ({ path, message: inLanguage(message, language) }))
  return {
    ...problem.facts,
    type: `urn:gomask:problem:${problem.code}`,
    title: problem.title[language],
    status: problem.status,
    detail,
    instance: `urn:uuid:${requestId}`,
    code: problem.code,
    requestId,
    ...(problem.status === 400 && { errors: errors ?? [{ path: 'request', message: detail }] }),
  }
}

const LONGEST_NAME = 100

/** The name of an unknown field as errors may show it: digits in it could be a person's number. */
export function shownName(given: string): string {
  return /\d{4}/.test(given) || given.length > LONGEST_NAME ? '…' : given
}
