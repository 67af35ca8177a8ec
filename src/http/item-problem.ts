import type { FastifyRequest } from 'fastify'
import { type Refusal, Rejection } from '../domain/refusals.ts'
import { problemOf } from './errors.ts'
import { languageOf } from './language.ts'
import { documentOf, Problem, problemSchema } from './problem.ts'

/** The problem of one item of many, within an answer that is about all of them. */
export const itemProblem = problemSchema

/** The problem that an item sent alone would have been answered, for whoever sent it among others. */
export function problemOfItem(refused: Refusal | Rejection, { id, headers }: FastifyRequest) {
  const { detail } = refused
  const problem =
    refused instanceof Rejection ? problemOf(refused) : new Problem(refused.refused, detail, { facts: refused.facts })
  return documentOf(problem, id, languageOf(headers)) as (typeof problemSchema)['_output']
}
