import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type Kept, type OfflineQueue, offlineQueue, type QueueOptions, type QueueStore } from './offline-queue.ts'

export type { OfflineItem, OfflineQueue, OfflineResult, OfflineWrite } from './offline-queue.ts'
export { BatchRefused } from './offline-queue.ts'

/** What one line of the file says. A line is written in one piece and is on disk before the next one begins. */
type Line = (Kept | { settled: string })[]

/**
 * Opens the queue in a file, which is made if it is not there. Rejects if another process has it open. Works on Node 22
 * and later.
 */
export async function openQueueFile(path: string, options: QueueOptions): Promise<OfflineQueue> {
  return offlineQueue(await openStore(path), options)
}

async function openStore(path: string): Promise<QueueStore> {
  const unlock = lock(path)
  try {
    const kept = await read(path)
    await rewrite(path, kept)
    return storeOf(kept, await open(path, 'a'), unlock)
  } catch (error) {
    unlock()
    throw error
  }
}

function storeOf(kept: Map<string, Kept>, file: FileHandle, unlock: () => void): QueueStore {
  // After a write that failed nobody knows what is on disk: all later ones fail too, until the file is opened again.
  let last = Promise.resolve()
  const append = (line: Line) => {
    last = last.then(async () => {
      await file.appendFile(`${JSON.stringify(line)}\n`)
      await file.datasync()
      apply(kept, line)
    })
    return last
  }
  const adding = new Set<string>()
  return {
    async add(each) {
      const { key } = each.item
      if (kept.has(key) || adding.has(key)) throw new Error('this key is kept already')
      adding.add(key)
      await append([each]).finally(() => adding.delete(key))
    },
    all: async () => [...kept.values()],
    async replace(changes) {
      const known = [...changes].filter(([key]) => kept.has(key))
      if (known.length > 0) await append(known.map(([key, each]) => each ?? { settled: key }))
    },
    async close() {
      await last.catch(() => {})
      await file.close()
      unlock()
    },
  }
}

function apply(kept: Map<string, Kept>, line: Line): void {
  for (const change of line) {
    if ('settled' in change) kept.delete(change.settled)
    else kept.set(change.item.key, change)
  }
}

/** What the file keeps. Its last line may have been torn by a power cut: nobody was told that it was kept. */
async function read(path: string): Promise<Map<string, Kept>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  const kept = new Map<string, Kept>()
  const lines = text.split('\n')
  const torn = lines.pop() === '' ? lines.length - 1 : lines.length
  for (const [nth, line] of lines.entries()) {
    try {
      apply(kept, JSON.parse(line))
    } catch {
      if (nth !== torn) throw new Error(`${path}: line ${nth + 1} cannot be read`)
    }
  }
  return kept
}

/** Leaves out what is settled or torn. Whatever happens meanwhile, the old file or the new one is there, whole. */
async function rewrite(path: string, kept: ReadonlyMap<string, Kept>): Promise<void> {
  const draft = await open(`${path}.draft`, 'w', 0o600)
  try {
    await draft.writeFile([...kept.values()].map((each) => `${JSON.stringify([each])}\n`).join(''))
    await draft.sync()
  } finally {
    await draft.close()
  }
  await rename(`${path}.draft`, path)
  if (process.platform === 'win32') return // A folder cannot be opened there.
  const folder = await open(dirname(path), 'r')
  await folder.sync().finally(() => folder.close())
}

/** Takes an operating-system lock, through SQLite. It ends with the process, however that ends. */
function lock(path: string): () => void {
  const file = new DatabaseSync(`${path}.lock`)
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive')
  } catch (error) {
    file.close()
    throw String(error).includes('locked') ? new Error(`${path} is open in another process`) : error
  }
  return () => file.close()
}
