import { type Api, narrowed, type Schema, shrunk } from './schema-breaks.ts'

interface Media {
  schema: Schema
}

interface Parameter extends Media {
  in: string
  name: string
  required?: boolean
}

interface Operation {
  operationId?: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean; content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
}

/** An OpenAPI document, as far as callers depend on it. */
export interface Document extends Api {
  paths: Record<string, Record<string, Operation>>
}

/** What of a newer document would break those who wrote their programs by an older one. */
export function breaksBetween(older: Document, newer: Document): string[] {
  return Object.entries(older.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, before]) => {
      const name = `${method.toUpperCase()} ${path}`
      const after = newer.paths[path]?.[method]
      if (!after) return [`${name}: gone`]
      const documents = { older, newer }
      return [
        ...(before.operationId === after.operationId ? [] : [`${name}: has another operationId`]),
        ...parameterBreaks(before, after, documents),
        ...bodyBreaks(before, after, documents),
        ...answerBreaks(before, after, documents),
      ].map((each) => (each.startsWith(name) ? each : `${name} ${each}`))
    }),
  )
}

type Documents = { older: Document; newer: Document }

function parameterBreaks(before: Operation, after: Operation, documents: Documents): string[] {
  const key = ({ in: place, name }: Parameter) => `${place} ${name}`
  const known = new Map((before.parameters ?? []).map((each) => [key(each), each]))
  const now = new Map((after.parameters ?? []).map((each) => [key(each), each]))
  const gone = [...known].filter(([name]) => !now.has(name)).map(([name]) => `${name}: gone`)
  const changed = [...now].flatMap(([name, { required, schema }]) => {
    const old = known.get(name)
    const demanded = required && !old?.required ? [`${name}: now required`] : []
    return old ? [...demanded, ...narrowed(old.schema, schema, documents, name)] : demanded
  })
  return [...gone, ...changed]
}

function bodyBreaks({ requestBody: before }: Operation, { requestBody: after }: Operation, documents: Documents) {
  if (!after) return before ? ['request: gone'] : []
  const demanded = after.required && !before?.required ? ['request: now required'] : []
  const media = Object.entries(before?.content ?? {}).flatMap(([type, { schema }]) => {
    const now = after.content[type]
    return now ? narrowed(schema, now.schema, documents, 'request') : [`request ${type}: gone`]
  })
  return [...demanded, ...media]
}

// Of problems the codes are compared, all at once: their statuses and members are theirs.
function answerBreaks(before: Operation, after: Operation, documents: Documents): string[] {
  return Object.entries(before.responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([status, { content = {} }]) => {
      const now = after.responses[status]
      if (!now) return [`${status}: gone`]
      return Object.entries(content).flatMap(([type, { schema }]) => {
        const media = now.content?.[type]
        return media ? shrunk(schema, media.schema, documents, status) : [`${status} ${type}: gone`]
      })
    })
}
