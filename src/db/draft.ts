import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { putOnDisk } from './durable.ts'

const DRAFT = 'draft-'

/**
 * Makes a file or folder, unless it exists, so that it appears complete or not at all. `make` works in an empty folder
 * beside it and returns the path of what it made there.
 */
export async function makeWhole(target: string, make: (draft: string) => Promise<string>): Promise<void> {
  if (existsSync(target)) return
  const draft = await mkdtemp(join(dirname(target), DRAFT))
  const made = await make(draft)
  await putOnDisk(made) // A rename that outlasts a power cut must not outlast what it names.
  await rename(made, target)
  await rm(draft, { recursive: true, force: true })
}

/** Removes the drafts of processes that were killed. Nobody else may be working in the folder. */
export async function removeDrafts(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(DRAFT))
  await Promise.all(left.map((name) => rm(join(folder, name), { recursive: true })))
}
