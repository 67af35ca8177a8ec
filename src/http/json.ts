import { errorCodes, type FastifyInstance, type FastifyRequest } from 'fastify'
import { phrase, type Text } from '../domain/language.ts'
import { invalid, Rejection } from '../domain/refusals.ts'
import { isStorable } from '../domain/text.ts'
import { unknownFields } from './complaint.ts'
import { shownName } from './problem.ts'

const DEEPEST = 32
const MOST_MEMBERS = 2_000
const BYTES_A_MEMBER = 32 // Where lists make a body longer, there may be as many more.

/**
 * Parses JSON bodies: UTF-8 only, no `__proto__` or `constructor` keys, at most 32 levels and 2,000 members and items
 * (more where a body may be longer), no U+0000 (which PostgreSQL cannot store) and no lone surrogates. If a key is
 * given twice the last one counts, as RFC 8259 allows and JSON.parse does. An empty body counts as none.
 */
export function parseJson(app: FastifyInstance): void {
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined)
    try {
      const parsed: unknown = JSON.parse(utf8.decode(body as Buffer))
      const fault = faultOf(parsed, 0, { members: 0, most: mostMembers(request) })
      done(fault ? invalid(fault.path || 'body', fault.message) : null, parsed)
    } catch (error) {
      done(error instanceof Rejection ? error : invalid('body', notJson))
    }
  })
  // A body in chunks of which the first is the last is none, as one with Content-Length: 0 is.
  app.addContentTypeParser('*', async (request: FastifyRequest, body: AsyncIterable<Buffer>) => {
    const isNamed = request.headers['content-type'] !== undefined
    if (isNamed || !(await isEmpty(body))) throw new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()
  })
}

function mostMembers({ routeOptions: { bodyLimit } }: FastifyRequest): number {
  return Math.max(MOST_MEMBERS, Math.floor(bodyLimit / BYTES_A_MEMBER))
}

async function isEmpty(body: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const chunk of body) if (chunk.length > 0) return false
  return true
}

const notJson: Text = { en: 'is not valid JSON in UTF-8', fr: 'n’est pas du JSON valide en UTF-8' }
const unstorable: Text = {
  en: 'holds U+0000 or half a character',
  fr: 'contient U+0000 ou une moitié de caractère',
}
const unstorableKey: Text = {
  en: 'has a key with U+0000 or half a character',
  fr: 'a une clé avec U+0000 ou une moitié de caractère',
}
const tooDeep: Text = {
  en: phrase`is nested deeper than ${DEEPEST} levels`,
  fr: phrase`est imbriqué sur plus de ${DEEPEST} niveaux`,
}
const tooMany = (most: number): Text => ({
  en: phrase`has more than ${most} members and items`,
  fr: phrase`a plus de ${most} membres et éléments`,
})

interface Fault {
  path: string
  message: Text
}

// The path to a fault is put together on the way back from it: most bodies have none, and a large one has many members.
function faultOf(value: unknown, depth: number, count: { members: number; most: number }): Fault | undefined {
  if (typeof value === 'string') {
    return isStorable(value) ? undefined : { path: '', message: unstorable }
  }
  if (typeof value !== 'object' || value === null) return undefined
  if (depth === DEEPEST) throw invalid('body', tooDeep)
  for (const key of Object.keys(value)) {
    if (++count.members > count.most) throw invalid('body', tooMany(count.most))
    if (key === '__proto__' || key === 'constructor') return { path: '', message: unknownFields([key]) }
    if (!isStorable(key)) return { path: '', message: unstorableKey }
    const fault = faultOf(value[key as keyof typeof value], depth + 1, count)
    if (fault) return { ...fault, path: joined(Array.isArray(value) ? `[${key}]` : shownName(key), fault.path) }
  }
  return undefined
}

function joined(name: string, rest: string): string {
  return rest === '' || rest.startsWith('[') ? `${name}${rest}` : `${name}.${rest}`
}
