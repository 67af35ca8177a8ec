import type { Socket } from 'node:net'
import { v4 as uuid } from 'uuid'
import { languageOf } from './language.ts'
import { documentOf, Problem } from './problem.ts'

const LONGEST_FAREWELL_MS = 2_000

interface ParserError extends NodeJS.ErrnoException {
  /** A Buffer: the piece of the connection in which the fault was found. */
  rawPacket?: unknown
}

/**
 * Answers what is not even an HTTP request, directly on the socket. Whatever still arrives is read and dropped for a
 * moment: a connection closed with unread bytes is reset, and the answer would be lost.
 */
export function answerClientErrors(error: ParserError, socket: Socket): void {
  if (socket.writableEnded) return
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const problem = problemOf(error)
  const requestId = uuid()
  const language = languageOf({ 'accept-language': acceptLanguage(error.rawPacket) })
  const body = JSON.stringify(documentOf(problem, requestId, language))
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title.en}\r\nContent-Type: application/problem+json\r\n` +
      `Content-Language: ${language}\r\nVary: Accept-Language\r\nX-Request-Id: ${requestId}\r\n` +
      `Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  setTimeout(() => socket.destroy(), LONGEST_FAREWELL_MS).unref()
}

function problemOf({ code }: ParserError): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('headers_too_large', {
      en: 'The URL and headers together are larger than this service takes (16 KiB).',
      fr: 'L’URL et les en-têtes dépassent ensemble ce que ce service admet (16 Kio).',
    })
  return new Problem('invalid_request', {
    en: 'The request is not well-formed HTTP, or came too slowly.',
    fr: 'La requête n’est pas du HTTP bien formé, ou est arrivée trop lentement.',
  })
}

// The parser has given up, so the header is looked for where it would be written.
function acceptLanguage(packet: unknown): string | undefined {
  if (!Buffer.isBuffer(packet)) return undefined
  return /^accept-language:[ \t]*([^\r\n]*)/im.exec(packet.toString('latin1'))?.[1]
}
