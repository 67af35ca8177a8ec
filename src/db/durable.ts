import { closeSync, fsyncSync, openSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Extension, PGlite } from '@electric-sql/pglite'

/** A file of PGlite's, or a folder, which has no descriptor. */
interface Stream {
  nfd?: number
  node: object
}

interface NodeFiles {
  realPath(node: object): string
  stream_ops: { fsync?(stream: Stream): number }
}

type Emscripten = { FS: { filesystems: { NODEFS: NodeFiles } } }

/**
 * Arguments for PostgreSQL that have it put on disk what it commits. PGlite leaves that out (`-F`), and an acknowledged
 * write would outlast a killed process, and not a power cut.
 */
export const durableStart: string[] = [
  ...PGlite.defaultStartParams.filter((argument) => argument !== '-F'),
  ...['-c', 'wal_sync_method=fsync'], // The only one that reaches the file system below.
]

/** Lets PostgreSQL's `fsync` reach the operating system: the file system under PGlite answers it and does nothing. */
export const durable: Extension = {
  name: 'durable',
  async setup(_pglite, options) {
    return { emscriptenOpts: { ...options, preRun: [...(options.preRun ?? []), reachDisk] } }
  },
}

function reachDisk({ FS: { filesystems } }: Emscripten): void {
  const { NODEFS } = filesystems
  NODEFS.stream_ops.fsync = ({ nfd, node }) => {
    const descriptor = nfd ?? openSync(NODEFS.realPath(node), 'r')
    fsyncSync(descriptor)
    if (nfd === undefined) closeSync(descriptor)
    return 0
  }
}

/** Puts a file, or a folder with all that is in it, on disk. */
export async function putOnDisk(path: string): Promise<void> {
  const within = await readdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return []
    throw error
  })
  for (const each of ['', ...within]) {
    const file = await open(join(path, each), 'r')
    await file.sync().finally(() => file.close())
  }
}
