import { normalizeIP } from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { LRUCache } from 'lru-cache'

declare module 'fastify' {
  interface FastifyRequest {
    /** The address for limits: an IPv4 address, or the /64 of an IPv6 one, since one person has all of it. */
    network: string
  }
}

// Parsing an IPv6 address costs as much as all the limits.
const networks = new LRUCache<string, string>({ max: 50_000, memoMethod: (ip) => normalizeIP(ip) })

/**
 * Determines where each request comes from. Reads `X-Forwarded-For: 203.0.113.8:50001, [2001:db8::8]:50001` as the
 * addresses alone: some gateways add the port, which would make each connection an address of its own, without a limit.
 */
export function knowNetworks(app: FastifyInstance): void {
  app.decorateRequest('network', '')
  app.addHook('onRequest', async (request) => {
    const { headers } = request.raw
    const forwarded = headers['x-forwarded-for']
    if (forwarded) headers['x-forwarded-for'] = String(forwarded).split(',').map(addressOf).join(',')
    request.network = networks.memo(request.ip)
  })
}

function addressOf(given: string): string {
  const [, v6, v4] = /^\s*(?:\[([\da-f:.]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)\s*$/i.exec(given) ?? []
  return v6 ?? v4 ?? given
}
