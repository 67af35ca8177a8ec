import { randomUUID } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { styleText } from 'node:util'
import { CommandError } from '../errors.ts'
import { leftOut, pretty, trimmed } from './json-text.ts'

/** The sender of a request: a name for the reader, a token for the service. */
export interface Actor {
  name: string
  token: string
}

/** One request of the story, and what must come of it. */
interface Step<Answer> {
  heading: string
  actor: Actor
  method: 'GET' | 'PUT' | 'POST'
  path: string
  body?: object
  /** Sends a new Idempotency-Key. */
  keyed?: boolean
  status: number
  /** The members of the answer to print, such as `items.name`; the others are only named below it. */
  show: string[]
  /** What matters in the answer, in words, and whether it is so. */
  claims(answer: Answer): Record<string, boolean>
}

/** Plays one step and returns its answer. Throws a CommandError naming the step if it turns out differently. */
export type Tell = <Answer>(step: Step<Answer>) => Promise<Answer>

/** Plays steps over HTTP against a service, and prints requests and answers. */
export function transcript(url: string): Tell {
  let number = 0
  return async (step) => {
    number += 1
    print('', styleText('bold', `${number}. ${step.heading}`), '')
    try {
      return await play(url, step)
    } catch (error) {
      const reason = error instanceof Error ? error.message : error
      throw new CommandError(`the demo went otherwise at step ${number} (${step.heading}): ${reason}`)
    }
  }
}

async function play<Answer>(url: string, step: Step<Answer>): Promise<Answer> {
  const { actor, method, path, body, keyed } = step
  const key = keyed ? { 'Idempotency-Key': randomUUID() } : {}
  print(`${styleText('cyan', `${method} ${path}`)}  as ${actor.name}`)
  for (const [name, value] of Object.entries(key)) print(styleText('dim', `${name}: ${value}`))
  if (body) print(pretty(body))
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${actor.token}`, ...key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  })
  const answer = (await response.json()) as Answer
  const expected = response.status === step.status
  printAnswer(response.status, answer, expected ? step.show : undefined)
  if (!expected) throw new Error(`${step.status} was expected, and ${response.status} came`)
  prove(step.claims(answer))
  return answer
}

function printAnswer(status: number, answer: unknown, show: string[] | undefined): void {
  print('', styleText(status < 400 ? 'green' : 'yellow', `${status} ${STATUS_CODES[status]}`))
  print(pretty(show ? trimmed(answer, show) : answer))
  const omitted = show ? leftOut(answer, show) : []
  if (omitted.length > 0) print(styleText('dim', `not shown: ${omitted.join(', ')}`))
}

function prove(claims: Record<string, boolean>): void {
  for (const [claim, holds] of Object.entries(claims)) {
    print(holds ? `${styleText('green', '✓')} ${claim}` : `${styleText('red', '✗')} ${claim}`)
  }
  const [broken] = Object.entries(claims).find(([, holds]) => !holds) ?? []
  if (broken !== undefined) throw new Error(`it is not so that ${broken}`)
}

function print(...lines: string[]): void {
  for (const line of lines) console.log(line)
}
