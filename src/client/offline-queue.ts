import type { components } from './api.ts'
import type { GomaskClient } from './client.ts'

/** A write as it goes into a batch. Its key is that of the online call too: sent both ways, it happens once. */
export type OfflineItem = components['schemas']['RecordOfflineRequest']['items'][number]
/** An item whose key may have yet to be made. */
export type OfflineWrite = Keyless<OfflineItem>
type Keyless<Item> = Item extends OfflineItem ? Omit<Item, 'key'> & { key?: string } : never

/** What became of an item. */
export type OfflineResult = components['schemas']['OfflineResult']
type Problem = NonNullable<OfflineResult['problem']>

/** An item that is kept. */
export interface Kept {
  item: OfflineItem
  /** The pseudonym of the person at the counter. */
  operator?: string
  /** Why the service refused it. */
  problem?: Problem
}

/** Where items are kept. What has been acknowledged outlives a power cut. */
export interface QueueStore {
  /** Keeps one more. Rejects if its key is there already. */
  add(kept: Kept): Promise<void>
  /** All, in the order in which they were added. */
  all(): Promise<Kept[]>
  /** Replaces those that are still there, by key; null forgets one. All or none. */
  replace(changes: ReadonlyMap<string, Kept | null>): Promise<void>
  close(): Promise<void>
}

/** Whose queue it is. */
export interface QueueOptions {
  client: GomaskClient
  pharmacy: string
}

/** Writes that wait for the service, and those that it refused, which wait for a person. */
export interface OfflineQueue {
  /**
   * Keeps a write, and gives it a key if it has none. Only once this resolves is it safe to say that it is done: it
   * then outlives a crash and a power cut.
   */
  keep(write: OfflineWrite, operator?: string): Promise<OfflineItem>
  /** What has yet to be sent, oldest first. */
  waiting(): Promise<OfflineItem[]>
  /** What the service refused, and why: somebody has to correct or settle it. */
  refused(): Promise<{ item: OfflineItem; problem: Problem }[]>
  /** Forgets an item: it was answered online, or somebody has dealt with it. */
  settle(key: string): Promise<void>
  /** Puts a refused item back to be sent, corrected, under its old key. */
  correct(item: OfflineItem): Promise<void>
  /**
   * Sends what waits, and returns what became of it. What was recorded is forgotten only after `record` has been given
   * it, flags and receipt; what was refused is kept. Rejects where the service could not be reached or refused a whole
   * batch: what it has not answered for goes on waiting. Called again meanwhile, it is the same sending.
   */
  send(record?: (results: OfflineResult[]) => void | Promise<void>): Promise<OfflineResult[]>
  close(): Promise<void>
}

/** The service refused a batch as a whole, such as for want of a grant. */
export class BatchRefused extends Error {
  readonly problem: unknown

  constructor(problem: { detail?: string }) {
    super(problem.detail)
    this.problem = problem
  }
}

const MOST_ITEMS = 500
const MOST_BYTES = 1_000_000
const FRAME_BYTES = '{"items":[]}'.length

/** Makes a queue of what a store keeps. */
export function offlineQueue(store: QueueStore, options: QueueOptions): OfflineQueue {
  return {
    async keep({ key = crypto.randomUUID(), ...write }, operator) {
      const item = { key, ...write } as OfflineItem
      await store.add({ item, ...(operator !== undefined && { operator }) })
      return item
    },
    waiting: async () => (await waitingIn(store)).map(({ item }) => item),
    refused: async () =>
      (await store.all()).flatMap(({ item, problem }) => (problem === undefined ? [] : { item, problem })),
    settle: (key) => store.replace(new Map([[key, null]])),
    async correct(item) {
      const before = (await store.all()).find((kept) => kept.item.key === item.key)
      if (!before) throw new Error('nothing is kept under this key')
      const { problem: _, ...rest } = before
      await store.replace(new Map([[item.key, { ...rest, item }]]))
    },
    send: sender(store, options),
    close: () => store.close(),
  }
}

async function waitingIn(store: QueueStore): Promise<Kept[]> {
  return (await store.all()).filter(({ problem }) => problem === undefined)
}

function sender(store: QueueStore, { client, pharmacy }: QueueOptions): OfflineQueue['send'] {
  async function sendBatch(batch: Kept[], record: Parameters<OfflineQueue['send']>[0]): Promise<OfflineResult[]> {
    const operator = batch[0]?.operator
    const { data, error } = await client.POST('/v1/pharmacies/{finess}/offline-batches', {
      params: { path: { finess: pharmacy }, ...(operator !== undefined && { header: { 'x-operator': operator } }) },
      body: { items: batch.map(({ item }) => item) },
    })
    if (!data) throw new BatchRefused(error)
    await record?.(data.items)
    // By place and not by key: an item that cannot be read has none in the answer.
    const changes = batch.map(({ problem: _, ...kept }, nth): [string, Kept | null] => {
      const problem = data.items[nth]?.problem
      return [kept.item.key, problem ? { ...kept, problem } : null]
    })
    await store.replace(new Map(changes))
    return data.items
  }

  let sending: Promise<OfflineResult[]> | undefined
  return (record) => {
    sending ??= (async () => {
      const results = []
      for (const batch of batchesOf(await waitingIn(store))) results.push(...(await sendBatch(batch, record)))
      return results
    })().finally(() => {
      sending = undefined
    })
    return sending
  }
}

/** As few batches as the limits allow, in order. A batch has one person at the counter. */
function batchesOf(kept: readonly Kept[]): Kept[][] {
  const batches: Kept[][] = []
  let bytes = 0
  for (const each of kept) {
    const size = new TextEncoder().encode(JSON.stringify(each.item)).length + 1
    const last = batches.at(-1)
    const fits = last && last.length < MOST_ITEMS && bytes + size <= MOST_BYTES && last[0]?.operator === each.operator
    if (fits) last.push(each)
    else batches.push([each])
    bytes = fits ? bytes + size : FRAME_BYTES + size
  }
  return batches
}
