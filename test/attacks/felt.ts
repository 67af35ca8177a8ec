import autocannon from 'autocannon'
import { makeDatabase } from '../support/database.ts'
import { makeFolder, makeServer, type Server } from '../support/process.ts'
import { dial } from '../support/raw-http.ts'
import { range } from '../support/tally.ts'
import { dispensationBody, makeWorld, must, type World } from '../support/world.ts'

// What another caller at the counter feels while somebody attacks: `node test/attacks/felt.ts [name…]`. It prints the
// median and the worst of so many checks during each attack as multiples of the median in quiet. Needs
// TEST_DATABASE_URL. Nothing is asserted: the tests beside it hold what does not depend on the machine.

const CHECKS = 200
const CONNECTIONS = 20

interface Attacked {
  server: Server
  world: World
}

/** Starts an attack; ends it when called again. */
type Attack = (attacked: Attacked) => Promise<() => void>

const attacks: Record<string, Attack> = {
  'one socket that reads nothing': async ({ server }) => {
    const socket = await dial(server.url())
    socket.pause()
    const pipelined = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(1_500)
    socket.write(`GET /docs/js/scalar.js HTTP/1.1\r\nHost: localhost\r\n\r\n${pipelined}`)
    return () => socket.destroy()
  },
  'bodies that never come': async ({ server }) => {
    const sockets = new Set<Awaited<ReturnType<typeof dial>>>()
    const timer = setInterval(async () => {
      const socket = await dial(server.url())
      sockets.add(socket)
      socket.write(
        'POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n',
      )
    }, 10)
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    return () => {
      clearInterval(timer)
      for (const socket of sockets) socket.destroy()
    }
  },
  'a flood of /healthz': flood({ path: '/healthz' }),
  'a flood of /readyz': flood({ path: '/readyz' }),
  'a flood of /metrics': flood({ path: '/metrics' }),
  'a flood of the operations listener': flood({ path: '/metrics' }, { urlOf: (server) => server.operations() }),
  'a flood of unknown routes': flood({ path: '/nothing' }),
  'a flood of wrong bearers': flood({
    path: '/v1/products/ffp2',
    headers: { authorization: 'Bearer eyJhbGciOiJFUzI1NiJ9.e30.AAAA' },
  }),
  'a flood of malformed URLs': flood({ path: '/%zz' }),
  'a flood of long URLs': flood({ path: `/v1/products?${'x'.repeat(9_000)}` }),
  'a flood of openapi.yaml': flood({ path: '/openapi.yaml' }),
  'a flood of wrong secrets': flood({
    path: '/oauth/token',
    method: 'POST',
    body: 'grant_type=client_credentials',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from('0199c2a0-0000-7000-8000-000000000000:0199c2a0-0000-7000-8000-000000000000.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').toString('base64')}`,
    },
  }),
  'thirty searches for anomalies at once': manyRegulators('/v1/audit/anomalies'),
  'thirty totals at once': manyRegulators('/v1/audit/summary?groupBy=week'),
  'thirty lists of accesses at once': manyRegulators('/v1/audit/accesses'),
  'bodies of unknown keys': async ({ server }) => {
    const keys = range(25_000).map((n) => `"k${n.toString(36)}":1`)
    return tokenFlood(server, JSON.stringify(JSON.parse(`{${keys.join(',')}}`)))
  },
  'bodies within every limit': async ({ server }) => {
    const keys = range(1_500).map((n) => `"k${n.toString(36)}":1`)
    return tokenFlood(server, JSON.stringify(JSON.parse(`{${keys.join(',')}}`)))
  },
}

/** As many readings as fifteen regulators may have under way. */
function manyRegulators(path: string): Attack {
  return async ({ server, world }) => {
    const tokens = await Promise.all(
      range(15).map((n) => server.token({ role: 'regulator', subject: `ars-${n}`, territories: ['FR'] })),
    )
    const floods = tokens.map((token) =>
      flood({ path, headers: { authorization: `Bearer ${token}` } }, { connections: 2 }),
    )
    const ends = await Promise.all(floods.map((begin) => begin({ server, world })))
    return () => {
      for (const end of ends) end()
    }
  }
}

async function tokenFlood(server: Server, body: string): Promise<() => void> {
  const token = await server.token({ role: 'professional', subject: '10000000009' })
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'idempotency-key': 'attack-attack',
  }
  return flood({ path: '/v1/reservations', method: 'POST', headers, body })({ server } as Attacked)
}

function flood(
  request: Partial<autocannon.Request> & { path: string },
  { urlOf = (server: Server) => server.url(), connections = CONNECTIONS } = {},
): Attack {
  return async ({ server }) => {
    const instance = autocannon({
      url: urlOf(server),
      connections,
      duration: 600,
      requests: [request as autocannon.Request],
    })
    instance.catch(() => {})
    return () => (instance as unknown as { stop(): void }).stop()
  }
}

async function check({ server }: Attacked, place: { token: string }, professional: string) {
  const began = performance.now()
  const answer = await server
    .call('POST', '/v1/dispensation-checks', {
      token: place.token,
      body: dispensationBody(professional, 1),
    })
    .catch(() => ({ status: 0 }))
  return { ms: performance.now() - began, status: answer.status }
}

function summary(found: { ms: number; status: number }[]): { median: number; worst: number; failed: number } {
  const times = found.map(({ ms }) => ms).sort((a, b) => a - b)
  return {
    median: times[Math.floor(times.length / 2)] ?? 0,
    worst: times.at(-1) ?? 0,
    failed: found.filter(({ status }) => status !== 200).length,
  }
}

async function main(names: string[]): Promise<void> {
  const ends: (() => unknown)[] = []
  const t = { teardown: (end: () => unknown) => void ends.unshift(end), comment: () => {} } as never
  const { url = '', drop } = await makeDatabase(2)
  ends.push(drop)
  try {
    const server = makeServer(t, { DATABASE_URL: url, RATE_LIMIT: '600', LOG_LEVEL: 'info' }, await makeFolder(t))
    await server.start()
    const world = await makeWorld(server, 10)
    const attacked = { server, world }
    const person = await world.professional(1)
    const chosen = names.length > 0 ? names : Object.keys(attacks)
    // A till each, so that no till's own limit is what is measured; all of them before the first attack.
    const tills = []
    for (const [shop] of chosen.entries()) {
      const place = await world.pharmacy(shop + 1)
      must(201, await world.count(place, 100))
      tills.push(place)
    }
    for (const [index, name] of chosen.entries()) {
      const attack = attacks[name]
      const place = tills[index]
      if (!attack || !place) throw new Error(`no attack is called «${name}»`)
      const many = async () => {
        const found = []
        for (const _ of range(CHECKS)) found.push(await check(attacked, place, person.id))
        return summary(found)
      }
      await check(attacked, place, person.id)
      const quiet = await many()
      const stop = await attack(attacked)
      await new Promise((resolve) => setTimeout(resolve, 500))
      const during = await many()
      stop()
      const times = (ms: number) => `${(ms / quiet.median).toFixed(1)}×`
      console.log(
        `${name}: quiet ${quiet.median.toFixed(1)} ms, worst ${times(quiet.worst)}; attacked ${times(during.median)}, worst ${times(during.worst)}, failed ${during.failed}`,
      )
    }
  } finally {
    for (const end of ends) await end()
  }
}

await main(process.argv.slice(2))
