import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { invalid, Rejection } from '../domain/refusals.ts'
import { isStorable } from '../domain/text.ts'
import { shownName } from './problem.ts'

const DEEPEST = 32

/**
 * Parses JSON bodies: UTF-8 only, no `__proto__` or `constructor` keys, at most 32 levels, no U+0000 (which PostgreSQL
 * cannot store) and no lone surrogates. If a key is given twice the last one counts, as RFC 8259 allows and JSON.parse
 * does. An empty body counts as none.
 */
export function parseJson(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      const parsed: unknown = JSON.parse(utf8.decode(body as Buffer))
      check(parsed, 'body', 0)
      done(null, parsed)
    } catch (error) {
      done(error instanceof Rejection ? error : invalid('body', 'is not valid JSON in UTF-8'))
    }
  })
  // A body in chunks of which the first is the last is none, as one with Content-Length: 0 is.
  app.addContentTypeParser('*', async (request: FastifyRequest, body: AsyncIterable<Buffer>) => {
    const isNamed = request.headers['content-type'] !== undefined
    if (isNamed || !(await isEmpty(body))) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()
  })
}

async function isEmpty(body: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const chunk of body) if (chunk.length > 0) return false
  return true
}

function check(value: unknown, path: string, depth: number): void {
  if (depth > DEEPEST) throw invalid('body', `is nested deeper than ${DEEPEST} levels`)
  if (typeof value === 'string') {
    if (!isStorable(value)) throw invalid(path, 'holds U+0000 or half a character')
    return
  }
  if (typeof value !== 'object' || value === null) return
  for (const [key, member] of Object.entries(value)) {
    if (key === '__proto__' || key === 'constructor') throw invalid(path, `unknown field ${key}`)
    if (!isStorable(key)) throw invalid(path, 'has a key with U+0000 or half a character')
    const name = shownName(key)
    check(member, Array.isArray(value) ? `${path}[${key}]` : depth === 0 ? name : `${path}.${name}`, depth + 1)
  }
}
