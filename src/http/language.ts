import type { FastifyReply, FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'
import type { Language } from '../domain/language.ts'

/** The language to answer in: French where it is preferred to English, else English. */
export function languageOf(headers: { 'accept-language'?: string | undefined }): Language {
  const liked = new Negotiator({ headers }).languages().map((tag) => tag.split('-')[0]?.toLowerCase())
  return liked.find((language) => language === 'en' || language === 'fr' || language === '*') === 'fr' ? 'fr' : 'en'
}

/** The language to answer a request in, which the answer names. */
export function chooseLanguage(request: FastifyRequest, reply: FastifyReply): Language {
  const language = languageOf(request.headers)
  varyBy(reply, 'Accept-Language')
  reply.header('content-language', language)
  return language
}

/** Says that the answer depends on a header of the request, besides those said before. */
export function varyBy(reply: FastifyReply, header: string): void {
  const before = [reply.getHeader('vary') ?? []].flat().join(', ')
  if (!before.split(', ').includes(header)) reply.header('vary', before === '' ? header : `${before}, ${header}`)
}
