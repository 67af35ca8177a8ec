import type { FastifyInstance } from 'fastify'

/**
 * Reads `X-Forwarded-For: 203.0.113.8:50001, [2001:db8::8]:50001` as the addresses alone. Some gateways add the port,
 * which would make each connection an address of its own, without a limit.
 */
export function forgetPorts(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers } }) => {
    const forwarded = headers['x-forwarded-for']
    if (forwarded) headers['x-forwarded-for'] = String(forwarded).split(',').map(addressOf).join(',')
  })
}

function addressOf(given: string): string {
  const [, v6, v4] = /^\s*(?:\[([\da-f:.]+)\](?::\d+)?|(\d+(?:\.\d+){3}):\d+)\s*$/i.exec(given) ?? []
  return v6 ?? v4 ?? given
}
