import type { FastifyError } from 'fastify'
import { phrase, type Text } from '../domain/language.ts'
import { inKilobytes } from './body-limits.ts'
import { Problem } from './problem.ts'
import { noSuchRoute } from './unrouted.ts'

/** The problem that an error of the framework stands for, on a route that takes bodies of so many bytes. */
export function frameworkProblem({ statusCode, code }: Partial<FastifyError>, bodyLimit: number | undefined): Problem {
  switch (statusCode) {
    case 400:
      return new Problem('invalid_request', framework400[code ?? ''] ?? notWellFormed)
    case 404:
      return noSuchRoute()
    case 413:
      return new Problem('payload_too_large', bodyLimit === undefined ? tooLarge : largerThan(bodyLimit))
    case 414:
      return new Problem('uri_too_long', {
        en: 'The URL is longer than this service takes.',
        fr: 'L’URL est plus longue que ce service ne l’admet.',
      })
    case 415:
      return new Problem('unsupported_media_type', {
        en: 'Send the body as application/json.',
        fr: 'Envoyez le corps en application/json.',
      })
    case 429:
      return new Problem('rate_limited', {
        en: 'Too many requests. Wait as long as Retry-After says.',
        fr: 'Trop de requêtes. Attendez le temps que dit Retry-After.',
      })
    default:
      return new Problem('internal', {
        en: 'Something went wrong on our side; nothing was done. Quote the requestId when you report it.',
        fr: 'Une erreur est survenue de notre côté ; rien n’a été fait. Citez le requestId en la signalant.',
      })
  }
}

const notWellFormed: Text = { en: 'The request is not well formed.', fr: 'La requête est mal formée.' }
const framework400: Record<string, Text> = {
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    en: 'The body is shorter or longer than Content-Length says.',
    fr: 'Le corps est plus court ou plus long que ne le dit Content-Length.',
  },
  FST_ERR_BAD_URL: { en: 'The URL is not well formed.', fr: 'L’URL est mal formée.' },
}

const tooLarge: Text = {
  en: 'The body is larger than this route takes.',
  fr: 'Le corps est plus volumineux que cette route ne l’admet.',
}

function largerThan(bodyLimit: number): Text {
  const size = inKilobytes(bodyLimit)
  return {
    en: phrase`The body is larger than the ${size} kB that this route takes.`,
    fr: phrase`Le corps dépasse les ${size} ko que cette route admet.`,
  }
}
