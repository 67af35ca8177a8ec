import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import pg from 'pg'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import type { Database } from '../../../src/db/database.ts'
import { openServer } from '../../../src/db/server.ts'
import { signToken } from '../../../src/http/tokens.ts'
import { finess } from '../../support/numbers.ts'
import { makeKey, makeSigner, makeWebhookKeys } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { percentile } from '../measure.ts'

const PHARMACIES = 20_000
const CALLERS = 200
const WARM_UP = 1_000
const ASKED = 5_000
const HOOKS = ['authorise', 'renewStanding']

interface Ways {
  with: number[]
  without: number[]
}

/**
 * What authorisation adds to the nearest search: the same requests, by turns, to the service as it is and to one
 * without the hooks that verify the token, the policy and everybody's standing. Both in this process, over connections
 * of their own.
 */
export async function authorisation(url: string): Promise<Record<string, number | string>> {
  await fill(url)
  const db = openServer(url, { connections: 4, onError: () => {} })
  const key = await makeKey()
  const served: Ways = { with: [], without: [] }
  const alone: number[] = []
  const whole = await withHooks(
    (hook) => (hook.name === 'authorise' ? timed(hook, alone) : hook),
    () => start(db, key, served.with),
  )
  const bare = await withHooks(
    () => undefined,
    () => start(db, key, served.without),
  )
  const tokens = await Promise.all(
    range(CALLERS).map((n) =>
      signToken(key, { role: 'pharmacy', subject: `till-${n}`, finess: [finess(n)], ttlSeconds: 3600 }),
    ),
  )
  if ((await whole.ask('/v1/territories')) !== 401 || (await bare.ask('/v1/territories')) !== 200) {
    throw new Error('the hooks were not told apart')
  }
  const asked: Ways = { with: [], without: [] }
  for (const n of range(WARM_UP + ASKED)) {
    if (n === WARM_UP) {
      for (const times of [alone, served.with, served.without, asked.with, asked.without]) times.length = 0
    }
    const near = `${(43.2 + (n % 97) * 0.06).toFixed(4)},${(-0.8 + (n % 101) * 0.075).toFixed(4)}`
    const path = `/v1/pharmacies?near=${near}&product=surgical`
    const turns = [
      { service: whole, times: asked.with },
      { service: bare, times: asked.without },
    ]
    // Whoever asks second finds warm what the first one read.
    for (const { service, times } of n % 2 === 0 ? turns : turns.reverse()) {
      const started = performance.now()
      await service.ask(path, tokens[n % CALLERS])
      times.push(performance.now() - started)
    }
  }
  for (const { app } of [whole, bare]) await app.close()
  await db.close()
  return {
    ...compared('as the caller waits', asked),
    ...compared('as the server works', served),
    'authorisation alone, µs (median)': Math.round(percentile(alone, 0.5) * 1000),
  }
}

// Of pairs: what else the machine is busy with slows both of a pair alike.
function compared(name: string, times: Ways): Record<string, number | string> {
  const bare = percentile(times.without, 0.5)
  const added = percentile(
    times.with.map((whole, n) => whole - (times.without[n] ?? Number.NaN)),
    0.5,
  )
  return {
    [`nearest search ${name}, without authorisation, µs (median)`]: Math.round(bare * 1000),
    [`authorisation adds, ${name}, µs (median of the pairs)`]: Math.round(added * 1000),
    [`authorisation adds, ${name}`]: `${((added / bare) * 100).toFixed(1)} %`,
  }
}

/** Lets an application listen; `times` takes the milliseconds that it works on each request. */
async function start(db: Database, key: Parameters<typeof signToken>[0], times: number[]) {
  const measure = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onResponse', async (_request, reply) => void times.push(reply.elapsedTime))
  }
  subscribe('fastify.initialization', measure)
  const config = { ...loadConfig({}), RATE_LIMIT: 0 }
  const app = await buildApp({
    config,
    db,
    keys: [key],
    issuers: [],
    signers: [makeSigner()],
    webhookKeys: makeWebhookKeys(),
  })
  unsubscribe('fastify.initialization', measure)
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    app,
    async ask(path: string, token?: string): Promise<number> {
      const { promise, resolve, reject } = Promise.withResolvers<number>()
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
      request({ agent, port, path, headers }, (answer) => {
        text(answer).then(() => resolve(answer.statusCode ?? 0), reject)
      })
        .on('error', reject)
        .end()
      const status = await promise
      if (token !== undefined && status !== 200) throw new Error(`${path} answered ${status}`)
      return status
    },
  }
}

type Hook = (request: FastifyRequest) => Promise<void>
type Add = (this: FastifyInstance, name: string, hook: Hook) => FastifyInstance

/** Builds an application with other hooks of authorisation than its own; undefined: with none. */
async function withHooks<T>(changed: (hook: Hook) => Hook | undefined, build: () => Promise<T>): Promise<T> {
  const change = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    const add: Add = fastify.addHook as never
    const changing: Add = function (name, hook) {
      const added = HOOKS.includes(hook.name) ? changed(hook) : hook
      return added ? add.call(this, name, added) : this
    }
    fastify.addHook = changing as never
  }
  subscribe('fastify.initialization', change)
  try {
    return await build()
  } finally {
    unsubscribe('fastify.initialization', change)
  }
}

/** A hook that does the same, and takes down how many milliseconds it took. */
function timed(hook: Hook, times: number[]): Hook {
  return async function (this: FastifyInstance, request) {
    const started = performance.now()
    await hook.call(this, request)
    times.push(performance.now() - started)
  }
}

/** France from the air: pharmacies in a hundred towns and between them, half of them with masks. */
async function fill(url: string): Promise<void> {
  const owner = new pg.Client({ connectionString: url })
  await owner.connect()
  await owner.query('select setseed(0.42)')
  await owner.query(`insert into products (code, name, kind) values ('surgical', 'a', 'a')`)
  await owner.query(
    `insert into pharmacies (finess, name, address, location, territory, status)
     select to_char(n, 'FM000000000'), 'Pharmacie ' || n, n || ' rue de la Paix',
       ST_MakePoint(-1 + (n % 101) * 0.08 + random() * 0.2, 43 + (n % 97) * 0.07 + random() * 0.2)::geography, 'FR-31', 'active'
     from generate_series(1, $1::int) n`,
    [PHARMACIES],
  )
  await owner.query(
    `insert into stock (pharmacy, product, on_hand, held, version, observed_at, location)
     select finess, 'surgical', case when random() < 0.5 then 100 else 0 end, 0, 1, now(), location from pharmacies`,
  )
  await owner.query('vacuum analyze')
  await owner.end()
}
