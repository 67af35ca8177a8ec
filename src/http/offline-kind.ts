import type { FastifyRequest } from 'fastify'
import type { z } from 'zod'
import type { Instant } from '../domain/instant.ts'
import type { Refusal } from '../domain/refusals.ts'
import type { Scope } from './scopes.ts'
import type { Outcome } from './turns.ts'
import { validate } from './validation.ts'

/** The batch that an item came in, and the item's key. */
interface Sent {
  request: FastifyRequest
  pharmacy: string
  key: string
  /** The key has been used before, so that it will mostly be a replay. */
  isUsed: boolean
}

/** What is recorded of an item: what the online call answers. */
type Answer = object & { flags?: readonly string[] | undefined }

/** An item whose body could be read. */
export interface OfflineItem {
  at: Instant
  /** The key of the item that it comes after, whatever the clocks say; it may also be an id. */
  follows: string | undefined
  /** Records it once under its key, as the online call would, with flags in the place of refusals. */
  record(sent: Sent): Promise<Outcome<Answer | Refusal>>
}

/** A kind of items: a feature makes one of each of its calls that may come in an offline batch. */
export interface OfflineKind {
  /** What a machine's token needs for it. */
  scope: Scope
  /** The online call's body, with the time required, and what its path would name. */
  body: z.ZodType
  /** Reads a body. Throws what is wrong with it. */
  read(given: unknown): OfflineItem
}

interface Definition<Body> {
  scope: Scope
  body: z.ZodType<Body>
  timeOf(body: Body): Instant
  follows?(body: Body): string
  record(item: Sent & { body: Body }): ReturnType<OfflineItem['record']>
}

/** Makes a kind of items. */
export function offlineKind<Body>({ scope, body, timeOf, follows, record }: Definition<Body>): OfflineKind {
  return {
    scope,
    body,
    read(given) {
      const read = validate(body, given, 'body')
      if (read.error) throw read.error
      const value = read.value as Body
      return { at: timeOf(value), follows: follows?.(value), record: (sent) => record({ ...sent, body: value }) }
    },
  }
}
