import { chmod, mkdir, readdir, stat } from 'node:fs/promises'

/** DATA_DIR is open to others, and closing it might shut them out of what is theirs. */
export class DataDirOpen extends Error {}

const OTHERS = 0o077
const STICKY = 0o1000
const OURS = ['keys', 'lock'] // One of them is in every folder that this service has used.

/**
 * Makes the folder of keys and the embedded database, for its owner alone. One that others can enter is closed to them
 * if it is this service's own, as 0.4.0 left it open. Any other is refused (DataDirOpen): others may need it.
 */
export async function makeDataDir(dataDir: string): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const { mode } = await stat(dataDir)
  if ((mode & OTHERS) === 0) return
  const within = await readdir(dataDir)
  const isOurs = (mode & STICKY) === 0 && (within.length === 0 || OURS.some((name) => within.includes(name)))
  const isClosed =
    isOurs &&
    (await chmod(dataDir, mode & 0o700).then(
      () => true,
      () => false,
    ))
  if (isClosed) return
  const found = (mode & 0o7777).toString(8)
  throw new DataDirOpen(
    `DATA_DIR: others can enter ${dataDir} (mode ${found}), where keys and people's data are kept; name a folder in it, or close it (chmod 700)`,
  )
}
