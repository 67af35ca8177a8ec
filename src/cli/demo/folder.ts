import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockFolder } from '../../db/embedded.ts'
import { CommandError } from '../errors.ts'

const MARK = 'made-by-gomask-demo'
const LOCK = 'lock' // The embedded database's own: nobody opens a database here without it.

/**
 * Makes an empty folder for the demo inside DATA_DIR and returns it. Throws a CommandError if the folder exists but was
 * not made by the demo, and DataDirLocked if another demo has it open.
 */
export async function emptyFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'demo')
  await mkdir(folder, { recursive: true })
  const found = await readdir(folder)
  if (found.length > 0 && !found.includes(MARK)) {
    throw new CommandError(
      `${folder} is not of the demo's making, so it stays: move it, or set DATA_DIR to another folder`,
    )
  }
  await writeFile(join(folder, MARK), 'The demo empties this folder each time it starts.\n')
  const unlock = lockFolder(folder)
  try {
    await removeAllBut(folder, [MARK, LOCK])
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
