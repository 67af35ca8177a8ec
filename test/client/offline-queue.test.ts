import 'fake-indexeddb/auto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createClient } from '../../src/client/client.ts'
import { openQueueDatabase } from '../../src/client/offline-browser.ts'
import { type OfflineResult, openQueueFile } from '../../src/client/offline-node.ts'
import { finess, rpps } from '../support/numbers.ts'
import { makeFolder } from '../support/process.ts'
import { range } from '../support/tally.ts'

type Sent = { items: { key: string; body: { lot?: string } }[]; operator: string | null; bytes: number }

/** A service that keeps the batches it is sent, and answers each as it is told to. */
function scripted(answers: ((sent: Sent) => Response | Error)[] = []) {
  const heard: Sent[] = []
  const answer = async (request: Request) => {
    const text = await request.text()
    const sent = { ...JSON.parse(text), operator: request.headers.get('x-operator'), bytes: Buffer.byteLength(text) }
    heard.push(sent)
    const answered = (answers.shift() ?? recorded)(sent)
    if (answered instanceof Error) throw answered
    return answered
  }
  const client = createClient({
    ...{ baseUrl: 'http://masks.invalid', auth: { token: async () => 'a-token' }, tries: 1 },
    fetch: async (request, init) => answer(new Request(request, init)),
  })
  return { heard, options: { client, pharmacy: finess(1) } }
}

const json = (status: number, body: object) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })
const recorded = ({ items }: Sent) =>
  json(200, { items: items.map(({ key }) => ({ key, outcome: 'recorded', status: 201, flags: ['late'] })), legend: [] })
const lost = () => new TypeError('fetch failed')

const handOver = (nth: number, padding = '') => ({
  kind: 'dispensation' as const,
  body: {
    ...{ professional: rpps(nth + 1), identityCheck: { method: 'cps_card' as const } },
    lines: [{ product: 'surgical', quantity: 1, lot: `${nth}${padding}` }],
    dispensedAt: '2026-11-20T09:30:00.000Z',
  },
})

const places = {
  'in a file': async (name: string, folder: string) => (to: ReturnType<typeof scripted>) =>
    openQueueFile(join(folder, name), to.options),
  'in IndexedDB': async (name: string) => (to: ReturnType<typeof scripted>) => openQueueDatabase(name, to.options),
}

for (const [where, place] of Object.entries(places)) {
  t.test(`${where}: what is kept is there when it is opened again, and is sent in its order, each once`, async (t) => {
    const open = await place('kept', await makeFolder(t))
    const first = await open(scripted())
    const keys = []
    for (const nth of range(3)) keys.push((await first.keep(handOver(nth))).key)
    t.equal(new Set(keys).size, 3)
    await first.settle(keys[1] ?? '')
    await t.rejects(first.keep({ ...handOver(9), key: keys[0] ?? '' }))
    await first.close()

    const service = scripted()
    const again = await open(service)
    t.same(
      (await again.waiting()).map(({ key }) => key),
      [keys[0], keys[2]],
    )
    const given: OfflineResult[] = []
    const [results, same] = await Promise.all([again.send((some) => void given.push(...some)), again.send()])
    t.same([results, same, given.map(({ key }) => key)], [given, given, [keys[0], keys[2]]], 'one sending')
    t.equal(service.heard.length, 1)
    t.same(service.heard[0]?.items[0], { key: keys[0], ...handOver(0) }, 'as it was kept')
    t.same([await again.waiting(), await again.send()], [[], []])
    await again.close()
    const last = await open(scripted())
    t.same(await last.waiting(), [])
    await last.close()
  })

  t.test(`${where}: what is not answered for, or not yet recorded here, goes on waiting`, async (t) => {
    const open = await place('refused', await makeFolder(t))
    const service = scripted([lost, () => json(403, { code: 'forbidden', detail: 'No grant.' })])
    const queue = await open(service)
    for (const nth of range(3)) await queue.keep({ ...handOver(nth), key: `k${nth}` })
    await t.rejects(queue.send(), { name: 'NetworkError' })
    await t.rejects(queue.send(), { message: 'No grant.', problem: { code: 'forbidden' } })
    await t.rejects(
      queue.send(() => Promise.reject(new Error('no room'))),
      { message: 'no room' },
    )
    t.equal((await queue.waiting()).length, 3, 'nothing is forgotten before it has been recorded here')
    t.same(
      new Set(service.heard.map(({ items }) => JSON.stringify(items))).size,
      1,
      'the same keys and bodies each time',
    )
    await queue.send()
    t.same(await queue.waiting(), [])
    await queue.close()
  })

  t.test(`${where}: a refused item is corrected under its key, or settled`, async (t) => {
    const open = await place('corrected', await makeFolder(t))
    const problem = { code: 'invalid_request', detail: 'Wrong.' }
    const service = scripted([
      ({ items }) =>
        json(200, { items: items.map(({ key }) => ({ key, outcome: 'refused', status: 400, problem, flags: [] })) }),
    ])
    const first = await open(service)
    for (const nth of range(2)) await first.keep({ ...handOver(nth), key: `k${nth}` }, 'anna')
    await first.send()
    await first.close()
    const queue = await open(service)
    t.match(await queue.refused(), [
      { item: { key: 'k0' }, problem },
      { item: { key: 'k1' }, problem },
    ])
    t.same(await queue.send(), [], 'it is not sent by itself again')
    await queue.settle('k1')
    await queue.correct({ ...handOver(7), key: 'k0' })
    await t.rejects(queue.correct({ ...handOver(7), key: 'unknown' }))
    await queue.send()
    t.match(service.heard.at(-1), { operator: 'anna', items: [{ key: 'k0', ...handOver(7) }] })
    t.same([await queue.refused(), await queue.waiting()], [[], []])
    await queue.close()
  })
}

t.test('batches stay under 500 items and 1 MB, and are of one person at the counter', async (t) => {
  const service = scripted()
  const queue = await openQueueFile(join(await makeFolder(t), 'many'), service.options)
  await Promise.all(range(1_001).map((nth) => queue.keep(handOver(nth))))
  await queue.send()
  t.same(
    service.heard.map(({ items }) => items.length),
    [500, 500, 1],
  )
  t.same(
    service.heard.flatMap(({ items }) => items.map((item) => JSON.stringify(item.body))),
    range(1_001).map((nth) => JSON.stringify(handOver(nth).body)),
  )

  service.heard.length = 0
  for (const nth of range(9)) await queue.keep(handOver(nth, 'é'.repeat(100_000)))
  await queue.send()
  t.same(
    service.heard.map(({ items }) => items.length),
    [4, 4, 1],
  )
  t.ok(service.heard.every(({ bytes }) => bytes <= 1_000_000))

  service.heard.length = 0
  for (const operator of ['anna', 'anna', 'ben', 'anna']) await queue.keep(handOver(1), operator)
  await queue.send()
  t.same(
    service.heard.map(({ operator, items }) => [operator, items.length]),
    [
      ['anna', 2],
      ['ben', 1],
      ['anna', 1],
    ],
  )
  await queue.close()
})

t.test('a file that was cut off anywhere has all that was kept before, and takes more', async (t) => {
  const folder = await makeFolder(t)
  const { options } = scripted()
  const whole = join(folder, 'whole')
  const first = await openQueueFile(whole, options)
  for (const nth of range(4)) await first.keep({ ...handOver(nth), key: `k${nth}` })
  await first.settle('k1')
  await first.close()
  const bytes = await readFile(whole)
  const states = [[], ['k0'], ['k0', 'k1'], ['k0', 'k1', 'k2'], ['k0', 'k1', 'k2', 'k3'], ['k0', 'k2', 'k3']]
  const cuts = range(bytes.length + 1).filter((cut) => cut % 23 === 0 || cut > bytes.length - 30)
  for (const cut of cuts) {
    const path = join(folder, `cut-${cut}`)
    await writeFile(path, bytes.subarray(0, cut))
    const queue = await openQueueFile(path, options)
    const lines = bytes.subarray(0, cut).filter((byte) => byte === 10).length
    const keys = async () => (await queue.waiting()).map(({ key }) => key)
    if (!t.same(await keys(), states[lines], `cut after ${cut} bytes`)) break
    await queue.keep({ ...handOver(9), key: 'more' })
    await queue.close()
    const again = await openQueueFile(path, options)
    t.same((await again.waiting()).at(-1)?.key, 'more')
    await again.close()
  }
  const garbled = Buffer.from(bytes)
  garbled.fill(0, bytes.lastIndexOf(10, bytes.length - 2) + 1, bytes.length - 1)
  await writeFile(whole, garbled)
  const torn = await openQueueFile(whole, options)
  t.equal((await torn.waiting()).length, 4, 'the last line, whose end reached the disk before its beginning')
  await torn.close()
  garbled.fill(0, 10, 20)
  await writeFile(whole, garbled)
  await t.rejects(openQueueFile(whole, options), { message: /line 1 cannot be read/ }, 'and never loses another unsaid')
})

t.test('one process has it open; killed, it has kept all that it said it had, and the next can open it', async (t) => {
  const path = join(await makeFolder(t), 'killed')
  const { options } = scripted()
  const program = `
    import { openQueueFile } from ${JSON.stringify(fileURLToPath(new URL('../../src/client/offline-node.ts', import.meta.url)))}
    const queue = await openQueueFile(${JSON.stringify(path)}, {})
    for (let nth = 0; ; nth++) {
      await queue.keep({ key: 'k' + nth, kind: 'dispensation', body: {} })
      process.stdout.write('k' + nth + '\\n')
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === 5) {
      await t.rejects(openQueueFile(path, options), { message: /is open in another process/ })
      child.kill('SIGKILL')
    }
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const queue = await openQueueFile(path, options)
  const kept = (await queue.waiting()).map(({ key }) => key)
  t.same(kept.slice(0, said.length), said)
  t.ok(kept.length <= said.length + 1, 'at most the one that it was about to say')
  await t.rejects(openQueueFile(path, options), { message: /is open in another process/ }, 'nor twice in one')
  await queue.close()
})
