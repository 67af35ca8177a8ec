import { randomUUID } from 'node:crypto'
import { chown, link, mkdir, open, readFile, realpath, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDataDir } from '../data-dir.ts'

/** Where a key that this service made itself is in DATA_DIR. */
export function keyFile(dataDir: string, name: string): string {
  return join(dataDir, 'keys', name)
}

/** The PEM of a key in DATA_DIR, made once by whichever process comes first. */
export async function ownKey(dataDir: string, name: string, make: () => string): Promise<string> {
  const file = keyFile(dataDir, name)
  await makeDataDir(dataDir)
  await mkdir(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
  const found = await readFile(file, 'utf8').catch(() => undefined)
  if (found !== undefined) return found
  const draft = draftOf(file)
  await writeFile(draft, make(), { mode: 0o600 })
  // A link appears complete or not at all. Of two processes that start together only one makes it, and both read that
  // one.
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(draft)
  return readFile(file, 'utf8')
}

/** The private keys in a PEM file, in the order of the file. */
export function privatePems(text: string): string[] {
  return text.match(/-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----/g) ?? []
}

/** Replaces a key file: readers find either the old one or the new one complete, and only its owner can read it. */
export async function replaceKeys(file: string, text: string): Promise<void> {
  const target = await realpath(file) // A symbolic link stays one.
  const { uid, gid } = await stat(target)
  const draft = draftOf(target)
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
    await handle.close()
    await chown(draft, uid, gid) // A file replaced by root must not lock the service out.
    await rename(draft, target)
  } catch (error) {
    await unlink(draft)
    throw error
  }
}

// Not by process id: containers that share the folder are all process 1.
function draftOf(file: string): string {
  return `${file}.${randomUUID()}`
}
