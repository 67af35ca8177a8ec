import { randomUUID } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { iso } from '../../domain/instant.ts'

const NEWEST = 'checkpoint'

/**
 * Published checkpoints outside the database: the newest in the file `checkpoint`, and all those of a UTC day in a file
 * named by the date. Several instances may share the folder. If the newest is empty or torn, the last whole one counts.
 */
export interface CheckpointFolder {
  newest(): Promise<string | undefined>
  /** On disk when it returns. */
  keep(note: string): Promise<void>
}

export async function openCheckpointFolder(path: string): Promise<CheckpointFolder> {
  await mkdir(path, { recursive: true })
  const newest = async () => wholeNote(await read(join(path, NEWEST))) ?? (await lastOfDays(path))
  return {
    newest,
    async keep(note) {
      if ((await newest()) === note) return
      await write(join(path, `${iso(Date.now()).slice(0, 10)}.txt`), 'a', `${note}\n`)
      await replace(join(path, NEWEST), note)
      await sync(path)
    },
  }
}

// A note ends with its signatures. Anything shorter was torn by a crash or a full disk, and says nothing.
const NOTE = /^[^\n]+\n\d+\n[^\n]+\n\n(?:— [^\n]+\n)+/gmu

function wholeNote(text: string | undefined): string | undefined {
  const [note] = text?.match(NOTE) ?? []
  return note === text ? note : undefined
}

/** The last whole checkpoint of the newest day that has one. */
async function lastOfDays(path: string): Promise<string | undefined> {
  const days = (await readdir(path)).filter((name) => /^\d{4}-\d\d-\d\d[.]txt$/.test(name)).sort()
  for (const day of days.reverse()) {
    const note = (await read(join(path, day)))?.match(NOTE)?.at(-1)
    if (note !== undefined) return note
  }
  return undefined
}

function read(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
}

/** By way of a draft of its own: processes in containers that share the folder often have the same process id. */
async function replace(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}.draft`
  try {
    await write(draft, 'wx', text)
    await rename(draft, file)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}

async function write(file: string, flags: string, text: string): Promise<void> {
  const handle = await open(file, flags)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

// The folder itself too: a rename is on disk only once the folder that lists the file is.
async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
