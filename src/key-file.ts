import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The PEM of a key in DATA_DIR, made once, by whichever process comes first. */
export async function ownKey(dataDir: string, name: string, make: () => string): Promise<string> {
  const folder = join(dataDir, 'keys')
  const file = join(folder, name)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found !== undefined) return found
  const draft = `${file}.${randomUUID()}` // Not by process id: containers that share the folder are all process 1.
  await writeFile(draft, make(), { mode: 0o600 })
  // A link appears whole or not at all, and of two processes that start together only one makes it; both read that one.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(draft)
  return readFile(file, 'utf8')
}
