import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Service } from './service.ts'

interface Verbatim {
  token?: string | undefined
  body?: string | undefined
  headers?: Record<string, string>
}

/** Sends a path as it is written over the network: `inject` and `fetch` would tidy it up first. */
export type SendVerbatim = (method: string, path: string, sent?: Verbatim) => Promise<{ status: number; text: string }>

/** Lets a service listen, and sends to it. */
export async function listenVerbatim(t: Pick<Test, 'teardown'>, { app }: Service): Promise<SendVerbatim> {
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const agent = new Agent({ keepAlive: true })
  t.teardown(() => agent.destroy())
  return async (method, path, { token, body, headers } = {}) => {
    const sent = request({
      agent,
      port,
      method,
      path,
      headers: {
        'idempotency-key': 'k',
        ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
    sent.end(body)
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    return { status: answer.statusCode ?? 0, text: await text(answer) }
  }
}
