import type { FastifyBaseLogger, FastifyInstance, InjectOptions } from 'fastify'
import { pino } from 'pino'
import { logOptions } from '../../src/logger.ts'

/** What must stand in no log line, metric or error body, and who says so. */
type Kind = 'number' | 'name' | 'secret' | 'token' | 'pick-up code'
type Place = 'log line' | 'error body' | 'metric'

const CODE = /(?=\b([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\b)/g // Overlapping: the parts of a UUID look like one.
const TOKEN = /eyJ[\w-]{10,}(\.[\w-]+)*/g

/** By value. Those of several words are searched for one by one, which only few may cost. */
const words = new Map<string, Kind>()
const phrases = new Map<string, Kind>()
let said: { place: Place; text: string }[] = []

/** Begins anew, as each test file does. */
export function forgetAll(): void {
  words.clear()
  phrases.clear()
  said = []
}

/** A logger as the service has it, at its most talkative, whose lines are listened to and handed on. */
export function overheardLogger(lines: string[] = []): FastifyBaseLogger {
  return pino(logOptions('trace'), {
    write: (line: string) => {
      lines.push(line)
      hear('log line', line)
    },
  })
}

/** Listens to all that an application is sent and answers without a network. */
export function overhear(app: FastifyInstance): void {
  const inject = app.inject.bind(app)
  const listening = async (options: InjectOptions) => {
    hearRequest(String(options.url), options.payload)
    const response = await inject(options)
    hearAnswer(response.statusCode, response.body)
    return response
  }
  app.inject = listening as typeof app.inject
}

/** Remembers what of a request is nobody's business. */
export function hearRequest(path: string, body: unknown): void {
  const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)
  for (const [, number] of path.matchAll(/\/professionals\/(\w{9,11})\b/g)) keep('number', number)
  for (const [, number] of text.matchAll(/"professional":"(\w{9,11})"/g)) keep('number', number)
  for (const [, list] of text.matchAll(/"otherIds":\[([^\]]*)\]/g)) {
    for (const [number] of String(list).matchAll(/\w{9,11}/g)) keep('number', number)
  }
  for (const [, name] of text.matchAll(/"(?:familyName|givenName)":"([^"\\]{4,200})"/g)) keep('name', name)
  hearSecrets(text)
}

/** Remembers what an answer entrusts to its reader; an error's body must hold nothing of the kind. */
export function hearAnswer(status: number, text: string): void {
  if (status >= 400) hear('error body', text)
  else hearSecrets(text)
}

function hearSecrets(text: string): void {
  for (const [, code] of text.matchAll(/"pickupCode":"([^"\\]{8,20})"/g)) keep('pick-up code', code)
  for (const [, secret] of text.matchAll(/"(?:secret|client_secret|clientSecret)":"([^"\\]{8,})"/g))
    keep('secret', secret)
}

function keep(kind: Kind, value = ''): void {
  const isWord = kind === 'pick-up code' || /^[\p{L}\p{N}]+$/u.test(value)
  ;(isWord ? words : phrases).set(value, kind)
}

/** Keeps what was said until it is looked through. */
export function hear(place: Place, text: string): void {
  said.push({ place, text })
}

/**
 * Throws at the first thing said that holds what it must not, and names its kind; answers how much was looked through.
 */
export function expectNoLeak(): string {
  const heard = said
  said = []
  for (const { place, text } of heard) {
    const [leak] = leaksIn(text, place)
    if (leak) throw new Error(`a ${leak.kind} in a ${place}: ${redacted(text, place)}`)
  }
  const count = (place: Place) => heard.filter((each) => each.place === place).length
  return `no leak in ${count('log line')} log lines, ${count('error body')} error bodies and ${count('metric')} metrics`
}

function* leaksIn(text: string, place: Place): Generator<{ kind: Kind; value: string }> {
  for (const [value] of text.matchAll(TOKEN)) yield { kind: 'token', value }
  for (const [, value = ''] of text.matchAll(CODE)) if (words.has(value)) yield { kind: 'pick-up code', value }
  for (const [value] of text.matchAll(/[\p{L}\p{N}]+/gu)) {
    // Eleven digits of a metric may be the decimals of a measurement.
    const kind = words.get(value) ?? (place !== 'metric' && /^\d{11}$/.test(value) ? 'number' : undefined)
    if (kind) yield { kind, value }
  }
  for (const [value, kind] of phrases) if (text.includes(value)) yield { kind, value }
}

function redacted(text: string, place: Place): string {
  return [...leaksIn(text, place)].reduce((sofar, { kind, value }) => sofar.replaceAll(value, `[${kind}]`), text)
}
