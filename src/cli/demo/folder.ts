import { existsSync } from 'node:fs'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DataDirLocked } from '../../db/embedded.ts'
import { CommandError } from '../errors.ts'

const MARK = 'made-by-gomask-demo'
const LOCK = 'lock' // The embedded database's own, which tells whether a demo is running here.

/**
 * Makes the demo's own folder inside DATA_DIR, empty, and returns it. Throws a CommandError when the folder is there
 * but not of the demo's making, and DataDirLocked when another demo has it open.
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
  if (existsSync(join(folder, LOCK))) await whileLocked(folder, () => removeAllBut(folder, [MARK, LOCK]))
  return folder
}

async function removeAllBut(folder: string, kept: string[]): Promise<void> {
  const names = await readdir(folder)
  const old = names.filter((name) => !kept.includes(name))
  await Promise.all(old.map((name) => rm(join(folder, name), { recursive: true })))
}

// Nobody opens a database here without this lock, so that none is emptied under a running demo.
async function whileLocked(folder: string, work: () => Promise<void>): Promise<void> {
  const file = new DatabaseSync(join(folder, LOCK))
  try {
    file.exec('pragma locking_mode = exclusive; begin exclusive')
    await work()
  } catch (error) {
    if (!String(error).includes('locked')) throw error
    throw new DataDirLocked(`${folder} is in use by another demo; stop it, or set DATA_DIR to another folder`)
  } finally {
    file.close()
  }
}
