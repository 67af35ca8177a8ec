import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFolder } from '../../db/embedded.ts'
import { CommandError } from '../errors.ts'

const LOCK = 'lock' // The embedded database's own: nobody opens a database here without it.

/**
 * Makes an empty folder for the demo or the sandbox inside DATA_DIR and returns it. Throws a CommandError if the folder
 * exists but was not made by it, and DataDirLocked if another one has it open.
 */
export async function emptyFolder(dataDir: string, purpose: 'demo' | 'sandbox' = 'demo'): Promise<string> {
  const folder = join(dataDir, purpose)
  const mark = `made-by-gomask-${purpose}`
  await mkdir(folder, { recursive: true })
  const found = await readdir(folder)
  if (found.length > 0 && !found.includes(mark)) {
    throw new CommandError(
      `${folder} is not of the ${purpose}'s making, so it stays: move it, or set DATA_DIR to another folder`,
    )
  }
  await writeFile(join(folder, mark), `The ${purpose} empties this folder each time it starts.\n`)
  const unlock = lockFolder(folder)
  try {
    await removeAllBut(folder, [mark, LOCK])
  } finally {
    unlock()
  }
  return folder
}

async function removeAllBut(folder: string, kept: string[]): Promise<void> {
  const names = await readdir(folder)
  const old = names.filter((name) => !kept.includes(name))
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true })))
}
