import { setTimeout as wait } from 'node:timers/promises'
import type { Job, PgBoss } from 'pg-boss'
import { v4 as uuid } from 'uuid'
import { LANES } from '../db/job-queue.ts'
import { type Delivering, deliverLane } from '../features/webhooks/deliver.ts'
import { fanOut } from '../features/webhooks/fan-out.ts'
import { callLanes, type Lane, recallLanes, uncertainLanes } from '../features/webhooks/lane-queries.ts'
import { type DeliveryState, readDeliveryState } from '../features/webhooks/state-queries.ts'
import { openBoss } from './boss.ts'

const WORK_MS = 15_000 // On one lane, before others get their turn.
const LATEST_CALL_MS = 60_000
const REPORT_MS = 10_000
const STOPPING_MS = 5_000
const MOST_CALLED = 1_000

/** What delivering webhooks takes in a process, and whom it tells. */
export interface Webhooks extends Delivering {
  /** How often it looks for what has happened. */
  lookMs: number
  onError(error: Error): void
  report(state: DeliveryState): void
}

/**
 * Delivers events to webhook endpoints until stopped. Any number of processes share the work: a lane is a job, which
 * one of them has at a time. All that is known is in the database: after a crash the job runs again when its time is
 * over, and begins with the event that was not known to have arrived.
 */
export async function startWebhooks(webhooks: Webhooks): Promise<{ stop(): Promise<void> }> {
  const boss = openBoss(webhooks.db, { supervise: false, schedule: false })
  boss.on('error', webhooks.onError)
  await boss.start()
  const stopping = new AbortController()
  const running = run(webhooks, boss, stopping.signal)
  return {
    async stop() {
      stopping.abort()
      await Promise.race([running, wait(STOPPING_MS, undefined, { ref: false })])
      await boss.stop({ graceful: false })
    },
  }
}

async function run(webhooks: Webhooks, boss: PgBoss, signal: AbortSignal): Promise<void> {
  const { db, lookMs, onError } = webhooks
  const slots = makeSlots(db.kind === 'server' ? 16 : 4)
  const called = due(LATEST_CALL_MS)
  const reported = due(REPORT_MS)
  while (!signal.aborted) {
    const more = await look(webhooks, boss, { slots, isToCallAll: called() }, signal).catch(onError)
    if (reported()) await readDeliveryState(db).then(webhooks.report, onError)
    if (!more) await Promise.race([slots.freed(), wait(lookMs, undefined, { signal }).catch(() => {})])
  }
  await slots.empty()
}

/** Looks once for what has happened and for lanes to work on; true if there is more of it. */
async function look(
  webhooks: Webhooks,
  boss: PgBoss,
  { slots, isToCallAll }: { slots: Slots; isToCallAll: boolean },
  signal: AbortSignal,
): Promise<boolean> {
  const { db, onError } = webhooks
  const more = await fanOut(db)
  if (isToCallAll) await put(boss, await uncertainLanes(db, MOST_CALLED))
  await call(boss, await callLanes(db, MOST_CALLED))
  const batchSize = slots.free()
  if (batchSize === 0) return more
  const jobs = await boss.fetch<Lane>(LANES, { batchSize, ignoreGroups: slots.full(), includeMetadata: true })
  for (const job of jobs) slots.take(job.data.endpoint, () => work(webhooks, boss, job, signal).catch(onError))
  return more
}

/** Puts lanes into the queue; one that waits there for its next attempt is due now. */
async function call(boss: PgBoss, lanes: readonly Lane[]): Promise<void> {
  const waiting = await put(boss, lanes)
  for (const lane of waiting) {
    await boss.update({ name: LANES, options: { singletonKey: keyOf(lane), startAfter: new Date() } })
  }
}

/** Puts lanes into the queue, and returns those that were there. */
async function put(boss: PgBoss, lanes: readonly Lane[]): Promise<Lane[]> {
  if (lanes.length === 0) return []
  const jobs = lanes.map((lane) => ({ id: uuid(), ...jobOf(lane) }))
  const made = new Set(await boss.insert(LANES, jobs))
  return lanes.filter((_, nth) => !made.has(jobs[nth]?.id ?? ''))
}

async function work(
  webhooks: Webhooks,
  boss: PgBoss,
  { id, data: lane, retryDelay }: Job<Lane> & { retryDelay: number },
  signal: AbortSignal,
): Promise<void> {
  const started = performance.now()
  const isOver = () => signal.aborted || performance.now() - started > WORK_MS
  const end = await deliverLane(webhooks, lane, isOver)
  if (end === 'failed') return void (await boss.fail(LANES, id))
  await boss.complete(LANES, id)
  // What came while the job was being completed had no job of its own.
  if (end === 'done') return recallLanes(webhooks.db, lane)
  // Others have arrived since the queue last counted a failure: this one is the first again.
  const seconds = end === 'more' ? 0 : retryDelay * (0.5 + Math.random() / 2)
  await boss.send(LANES, lane, { ...jobOf(lane), startAfter: new Date(Date.now() + seconds * 1000) })
}

function jobOf(lane: Lane) {
  return { data: lane, singletonKey: keyOf(lane), group: { id: lane.endpoint } }
}

function keyOf({ endpoint, pharmacy }: Lane): string {
  return `${endpoint} ${pharmacy}`
}

/** Places for work that goes on at once; half of them at most are for one endpoint. */
interface Slots {
  free(): number
  /** The endpoints that have as many as they may. */
  full(): string[]
  take(endpoint: string, work: () => Promise<void>): void
  /** When one becomes free. */
  freed(): Promise<void>
  empty(): Promise<void>
}

function makeSlots(most: number): Slots {
  const taken = new Map<Promise<void>, string>()
  return {
    free: () => most - taken.size,
    full: () => {
      const counts = Map.groupBy(taken.values(), (endpoint) => endpoint)
      return [...counts].flatMap(([endpoint, places]) => (places.length >= most / 2 ? endpoint : []))
    },
    take(endpoint, work) {
      const done = work().finally(() => taken.delete(done))
      taken.set(done, endpoint)
    },
    freed: async () => (taken.size === 0 ? new Promise<void>(() => {}) : Promise.race(taken.keys())),
    empty: async () => void (await Promise.all(taken.keys())),
  }
}

/** Says yes now, and then each time that so long has passed. */
function due(everyMs: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - last < everyMs) return false
    last = performance.now()
    return true
  }
}
