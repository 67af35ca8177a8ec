import type { FastifySchemaCompiler } from 'fastify'
import type { z } from 'zod'
import { allInvalid, type FieldError, type Rejection } from '../domain/refusals.ts'
import { complaintOf } from './complaint.ts'

const MOST_ERRORS = 10

/** Checks requests against the schemas of their routes, and says field by field what is wrong. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> =
  ({ schema, httpPart }) =>
  (given) =>
    validate(schema, given, httpPart ?? 'body')

/** The value that the schema makes of what was given, or what is wrong with it. `whole` names all of it. */
export function validate<Value>(
  schema: z.ZodType<Value>,
  given: unknown,
  whole: string,
): { value: Value; error?: never } | { error: Rejection } {
  const { data, error } = schema.safeParse(given, { reportInput: true })
  return error ? { error: rejectionOf(error.issues, whole) } : { value: data as Value }
}

function rejectionOf(issues: readonly z.core.$ZodIssue[], whole: string): Rejection {
  const errors = issues
    .slice(0, MOST_ERRORS)
    .map((issue) => ({ path: fieldPath(issue.path) || whole, message: complaintOf(issue) }))
  return allInvalid(...(errors as [FieldError, ...FieldError[]]))
}

// People read lines[0].quantity.
function fieldPath(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('')
}
