import { type ProblemCode, problemSchema, problemStatus } from './problem.ts'

/** What a route declares that it may answer: a code, or a status for the code that it has everywhere. */
export type Declared = ProblemCode | keyof typeof implied

/**
 * The problems that a route may answer, including those of any route that uses the database. Of 409 each code is named;
 * what follows from the route itself, such as that a key is in use, the documentation adds.
 */
export function problems(...declared: Declared[]): Record<number, unknown> {
  return onlyProblems(400, 414, 429, 500, 503, ...declared)
}

/** These problems only, for a route that uses no database. */
export function onlyProblems(...declared: Declared[]): Record<number, DeclaredProblems> {
  const content = { 'application/problem+json': { schema: problemSchema } }
  const answers: Record<number, DeclaredProblems> = {}
  for (const each of declared) {
    const status = typeof each === 'number' ? each : problemStatus[each]
    const codes = typeof each === 'number' ? implied[each] : [each]
    const known = answers[status]?.codes ?? []
    answers[status] = { description: descriptions[status] ?? '', codes: [...known, ...codes], content }
  }
  return answers
}

/** An answer with one of these codes. */
export interface DeclaredProblems {
  description: string
  codes: ProblemCode[]
  content: object
}

const implied = {
  400: ['invalid_request'],
  401: ['unauthenticated'],
  403: ['forbidden'],
  404: ['not_found'],
  409: [],
  413: ['payload_too_large'],
  414: ['uri_too_long'],
  415: ['unsupported_media_type'],
  422: ['idempotency_key_reused'],
  429: ['rate_limited'],
  500: ['internal'],
  503: ['unavailable'],
} as const satisfies Record<number, readonly ProblemCode[]>

const descriptions: Record<number, string> = {
  400: 'The request is not valid; `errors` names the fields.',
  401: 'No valid bearer token.',
  403: 'The role, the pharmacy or a suspension forbids it.',
  404: 'It does not exist, or the caller may not see it.',
  409: 'Refused by a rule, by the stock or by the present state; `code` says which.',
  410: 'It was there, and is no longer kept.',
  413: 'The body is too large.',
  414: 'The URL is too long.',
  415: 'The body is not application/json.',
  422: 'The Idempotency-Key was used for another request before.',
  429: 'Too many requests; wait as long as Retry-After says.',
  500: 'Our fault; nothing was done.',
  503: 'Nothing was done, or the same key finds out what was (`outcome_unknown`).',
}
