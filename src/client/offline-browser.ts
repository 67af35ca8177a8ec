import { type DBSchema, openDB } from 'idb'
import { type Kept, type OfflineQueue, offlineQueue, type QueueOptions } from './offline-queue.ts'

export type { OfflineItem, OfflineQueue, OfflineResult, OfflineWrite } from './offline-queue.ts'
export { BatchRefused } from './offline-queue.ts'

interface Schema extends DBSchema {
  kept: { key: number; value: Kept; indexes: { key: string } }
}

const ON_DISK = { durability: 'strict' } as const

/**
 * Opens the queue in an IndexedDB database. Several tabs may have it open. Ask for `navigator.storage.persist()` too,
 * or the browser may clear it when the disk is full.
 */
export async function openQueueDatabase(name: string, options: QueueOptions): Promise<OfflineQueue> {
  const db = await openDB<Schema>(name, 1, {
    upgrade: (made) => {
      made.createObjectStore('kept', { autoIncrement: true }).createIndex('key', 'item.key', { unique: true })
    },
  })
  const store = {
    async add(kept: Kept) {
      const { store: all, done } = db.transaction('kept', 'readwrite', ON_DISK)
      await Promise.all([all.add(kept), done])
    },
    all: () => db.getAll('kept'),
    async replace(changes: ReadonlyMap<string, Kept | null>) {
      const { store: all, done } = db.transaction('kept', 'readwrite', ON_DISK)
      for (const [key, kept] of changes) {
        const at = await all.index('key').getKey(key)
        if (at !== undefined) await (kept ? all.put(kept, at) : all.delete(at))
      }
      await done
    },
    close: async () => db.close(),
  }
  return offlineQueue(store, options)
}
