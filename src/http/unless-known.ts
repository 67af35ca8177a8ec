import { hash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

/** The header of a reading whose answers have a version, for the documentation. */
export const knownHeaders = z.object({
  'if-none-match': z
    .string()
    .optional()
    .describe('The `ETag` of the answer that you have: 304 without a body if it is still the same.'),
})

/** How the documentation has the answer to somebody who has it already. */
export const notModified = { 304: z.null().describe('What you have is still the same.') }

/**
 * Answers what is read, with its version, or 304 to whoever has that version. The version is asked for first, and may
 * be older than what is then read, which costs a reading but shows nobody anything stale. It tells what an answer says
 * and not how it is written, compressed or not, so the tag is a weak one (RFC 9110 section 8.8.1).
 */
export async function unlessKnown<T>(
  request: FastifyRequest,
  reply: FastifyReply,
  { version, read }: { version: () => Promise<string | undefined>; read: () => Promise<T> },
): Promise<T> {
  const found = await version()
  if (found === undefined) return read()
  const tag = `"${hash('sha256', `${SHAPE} ${found}`, 'base64url').slice(0, 22)}"`
  const isKnown = knows(request.headers['if-none-match'], tag)
  const answer = isKnown ? undefined : await read()
  reply.header('etag', `W/${tag}`)
  // Kept by its reader alone where it takes a token, and shown again only once it has been asked for again.
  if (request.routeOptions.config.policy !== 'public') reply.header('cache-control', 'private, no-cache')
  if (isKnown) return reply.code(304).send() as never
  return answer as T
}

// Raised when an answer with a version gets other members, so that nobody keeps the old ones.
const SHAPE = 1

function knows(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  return header.trim() === '*' || [...header.matchAll(/"[^"]*"/g)].some(([given]) => given === tag)
}
