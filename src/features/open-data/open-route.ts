import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Text } from '../../domain/language.ts'
import { Rejection } from '../../domain/refusals.ts'
import { onlyProblems } from '../../http/problems.ts'
import type { Deps } from '../../http/service.ts'
import { notModified, unlessKnown } from '../../http/unless-known.ts'
import { keepSnapshot, type Snapshot } from './snapshot.ts'

/** Answers from the snapshot, or 304 to whoever has that answer already. */
export type Answer = <T>(
  request: FastifyRequest,
  reply: FastifyReply,
  told: { version: (snapshot: Snapshot) => string; read: (snapshot: Snapshot) => T },
) => Promise<T>

const notOpen: Text = {
  en: 'OPEN_DATA is not set on this service.',
  fr: 'OPEN_DATA n’est pas défini sur ce service.',
}

/** Answers everybody alike, for as long as the operator has it so; else `not_found`. */
export function openTo(deps: Pick<Deps, 'config' | 'db' | 'replica'>): Answer {
  const { OPEN_DATA, OPEN_DATA_SECONDS: seconds } = deps.config
  const snapshot = keepSnapshot(deps, seconds)
  return async (request, reply, { version, read }) => {
    if (OPEN_DATA === 'off') throw new Rejection('not_found', notOpen)
    const present = await snapshot()
    reply.header('cache-control', `public, max-age=${seconds}`).header('age', Math.ceil(present.age()))
    return unlessKnown(request, reply, {
      version: async () => version(present),
      read: async () => read(present),
    })
  }
}

/** Lets pages of any origin read it: it is no secret, and goes by no cookie or token. */
async function toAnyOrigin(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', 'ETag, Age')
}

/** What all these routes have. */
export const open = { config: { policy: 'public', sends: ['Age', 'ETag'] }, onRequest: toAnyOrigin } as const

/** What each may answer besides. */
export const otherwise = { ...notModified, ...onlyProblems(400, 404, 414, 429, 500, 503) }
