import { mkdir, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { iso } from '../../domain/instant.ts'

const NEWEST = 'checkpoint'

/**
 * Published checkpoints outside the database: the newest in the file `checkpoint`, and all those of a UTC day in a file
 * named by the date. Several instances may share the folder.
 */
export interface CheckpointFolder {
  newest(): Promise<string | undefined>
  /** On disk when it returns. */
  keep(note: string): Promise<void>
}

export async function openCheckpointFolder(path: string): Promise<CheckpointFolder> {
  await mkdir(path, { recursive: true })
  const newest = () =>
    readFile(join(path, NEWEST), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    })
  return {
    newest,
    async keep(note) {
      if ((await newest()) === note) return
      await write(join(path, `${iso(Date.now()).slice(0, 10)}.txt`), 'a', `${note}\n`)
      const draft = join(path, `${NEWEST}.${process.pid}.draft`)
      await write(draft, 'w', note)
      await rename(draft, join(path, NEWEST))
      await sync(path)
    },
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
