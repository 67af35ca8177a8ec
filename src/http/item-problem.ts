import type { FastifyRequest } from 'fastify'
import { isRefusal } from '../domain/refusals.ts'
import { complain } from './complaints.ts'
import { problemOf } from './errors.ts'
import { languageOf } from './language.ts'
import { documentOf, Problem, problemSchema } from './problem.ts'

/** The problem of one item of many, within an answer that is about all of them. */
export const itemProblem = problemSchema

/**
 * The problem that an item sent alone would have been answered, for whoever sent it among others: for a refusal or
 * whatever was thrown. Throws the error where the service itself cannot go on: then the whole is sent again, and finds
 * what was done.
 */
export function problemOfItem(refused: unknown, { id, headers, log }: FastifyRequest) {
  const problem = isRefusal(refused)
    ? new Problem(refused.refused, refused.detail, { facts: refused.facts })
    : problemOf(refused)
  if (problem.status === 503) throw refused
  complain(log, refused, problem)
  return documentOf(problem, id, languageOf(headers)) as (typeof problemSchema)['_output']
}
