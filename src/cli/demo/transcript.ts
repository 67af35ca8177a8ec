import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { styleText } from 'node:util'
import { inLanguage, type Language, phrase, type Text } from '../../domain/language.ts'
import { CommandError } from '../errors.ts'
import { leftOut, pretty, trimmed } from './json-text.ts'

/** The sender of a request: a name for the reader, a token for the service. */
export interface Actor {
  name: Text
  token: string
}

/** What matters in an answer, in words, and whether it is so. */
export type Claim = readonly [Text, boolean]

/** One request of the story, and what must come of it. */
interface Step<Answer> {
  heading: Text
  actor: Actor
  method: 'GET' | 'PUT' | 'POST'
  path: string
  body?: object
  /** Sends a new Idempotency-Key. */
  keyed?: boolean
  status: number
  /** The members of the answer to print, such as `items.name`; the others are only named below it. */
  show: string[]
  claims(answer: Answer): Claim[]
}

/** Plays one step and returns its answer. Throws a CommandError naming the step if it turns out differently. */
export type Tell = <Answer>(step: Step<Answer>) => Promise<Answer>

/** Plays steps over HTTP against a service, and prints requests and answers, for somebody who reads this language. */
export function transcript(url: string, language: Language): Tell {
  let number = 0
  return async (step) => {
    number += 1
    const heading = inLanguage(step.heading, language)
    print('', styleText('bold', `${number}. ${heading}`), '')
    try {
      return await play(url, step, language)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new CommandError(inLanguage(wentOtherwise(number, heading, reason), language))
    }
  }
}

function wentOtherwise(step: number, heading: string, reason: string): Text {
  return {
    en: phrase`the demo went otherwise at step ${step} (${heading}): ${reason}`,
    fr: phrase`la démonstration a pris un autre cours à l’étape ${step} (${heading}) : ${reason}`,
  }
}

async function play<Answer>(url: string, step: Step<Answer>, language: Language): Promise<Answer> {
  const { actor, method, path, body, keyed } = step
  const key = keyed ? { 'Idempotency-Key': randomUUID() } : {}
  print(`${styleText('cyan', `${method} ${path}`)}  ${inLanguage(by(actor), language)}`)
  for (const [name, value] of Object.entries(key)) print(styleText('dim', `${name}: ${value}`))
  if (body) print(pretty(body))
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${actor.token}`,
      'accept-language': language,
      ...key,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Answer
  const expected = response.status === step.status
  printAnswer(response.status, answer, expected ? step.show : undefined, language)
  if (!expected) throw new Error(inLanguage(unexpected(step.status, response.status), language))
  prove(step.claims(answer), language)
  return answer
}

function by({ name }: Actor): Text {
  return { en: phrase`as ${name}`, fr: phrase`par ${name}` }
}

function unexpected(expected: number, came: number): Text {
  return { en: phrase`${expected} was expected, and ${came} came`, fr: phrase`${expected} attendu, ${came} reçu` }
}

function printAnswer(status: number, answer: unknown, show: string[] | undefined, language: Language): void {
  print('', styleText(status < 400 ? 'green' : 'yellow', `${status} ${STATUS_CODES[status]}`))
  print(pretty(show ? trimmed(answer, show) : answer))
  const omitted = show ? leftOut(answer, show) : []
  const names = omitted.join(', ')
  const notShown = { en: phrase`not shown: ${names}`, fr: phrase`non affichés : ${names}` }
  if (omitted.length > 0) print(styleText('dim', inLanguage(notShown, language)))
}

function prove(claims: readonly Claim[], language: Language): void {
  for (const [claim, holds] of claims) {
    print(`${holds ? styleText('green', '✓') : styleText('red', '✗')} ${inLanguage(claim, language)}`)
  }
  const [broken] = claims.find(([, holds]) => !holds) ?? []
  if (broken) throw new Error(inLanguage({ en: phrase`not so: ${broken}`, fr: phrase`faux : ${broken}` }, language))
}

function print(...lines: string[]): void {
  for (const line of lines) console.log(line)
}
