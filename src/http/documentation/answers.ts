import type { RouteOptions } from 'fastify'
import { z } from 'zod'
import type { ProblemCode } from '../problem.ts'
import { problemWith } from '../problem-schemas.ts'
import type { DeclaredProblems } from '../problems.ts'

/** A route's answers with each problem as the codes that it can have there, each with its own members. */
export function withCodes(route: RouteOptions): Record<string, unknown> {
  const answers = Object.entries((route.schema?.response ?? {}) as Record<string, unknown>)
  return Object.fromEntries(
    answers.map(([status, answer]) => [status, hasCodes(answer) ? withCodesOf(route, Number(status), answer) : answer]),
  )
}

/** Whether an answer is a problem document. */
export function hasCodes(answer: unknown): answer is DeclaredProblems {
  return typeof answer === 'object' && answer !== null && 'codes' in answer
}

function withCodesOf(route: RouteOptions, status: number, { description, codes }: DeclaredProblems): object {
  const possible = [...codes, ...impliedBy(route, status)]
  if (possible.length === 0) throw new Error(`${route.method} ${route.url} names no code of its ${status}`)
  return { description, content: { 'application/problem+json': { schema: problemWith(possible) } } }
}

/** The codes that follow from what a route is: nobody has to declare them. */
function impliedBy({ method, schema, config }: RouteOptions, status: number): ProblemCode[] {
  const key = shapeOf(schema?.headers)['idempotency-key']
  const isOpen = config?.policy === undefined || config.policy === 'public'
  switch (status) {
    case 400:
      return isRequired(key) ? ['idempotency_key_missing'] : []
    case 403:
      return isOpen ? [] : ['pharmacy_suspended', 'professional_suspended']
    case 409:
      return key === undefined ? [] : ['idempotency_in_progress']
    case 503:
      return method === 'GET' ? [] : ['outcome_unknown']
    default:
      return []
  }
}

/** The fields of an object's schema, by name. */
export function shapeOf(schema: unknown): Record<string, z.ZodType> {
  return schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {}
}

/** Whether callers must send what the schema lets pass, since its lack has an answer of its own. */
export function isRequired(field: z.ZodType | undefined): boolean {
  return field !== undefined && z.globalRegistry.get(field)?.isRequired === true
}
