import type { FastifyRequest } from 'fastify'
import { whoOf } from './caller.ts'
import { namedPharmacy } from './whose.ts'

/** What of a request tells whose it is. */
type Telling = Pick<FastifyRequest, 'caller' | 'network' | 'params' | 'query' | 'body'> & {
  routeOptions: Pick<FastifyRequest['routeOptions'], 'config'>
}

/**
 * Whom limits count a request for: whoever calls and, of those that a caller acts for, the pharmacy that it names. What
 * names none of these counts for the caller alone, so that invented pharmacies are no way around a limit.
 */
export function whoseRequest(request: Telling): string {
  const { caller } = request
  if (caller?.role !== 'pharmacy') return whoOf(request)
  const pharmacy = caller.finess.length > 1 ? namedPharmacy(request, placeIn(request)) : caller.finess[0]
  const isOwn = pharmacy !== undefined && (caller.finess.length === 1 || caller.finess.includes(pharmacy))
  return isOwn ? `${whoOf(request)}\n${pharmacy}` : whoOf(request)
}

/** Whether only the body, once it has been read, tells whose request it is. */
export function isToldByBody(request: Telling): boolean {
  const { caller } = request
  return caller?.role === 'pharmacy' && caller.finess.length > 1 && placeIn(request) === 'body'
}

function placeIn({ routeOptions }: Telling) {
  return routeOptions.config.namesPharmacyIn
}

/** Whether a caller acts for several pharmacies, though perhaps with a token for one of them. */
export function hasSeveral(caller: FastifyRequest['caller'] | undefined): boolean {
  return caller?.role === 'pharmacy' && (caller.finess.length > 1 || caller.client?.isNarrowed === true)
}
