/**
 * A process that runs test files one after another, so that the program is loaded and PostGIS compiled once for many of
 * them. What a file imports as `t` from tap is a test of its own, which has ended before the next file is loaded. Which
 * file comes next is asked of the process that started this one.
 */
import { once } from 'node:events'
import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { closeSpare } from '../embedded-pool.ts'
import { forgetAll } from '../leaks.ts'
import { drawFor } from '../seed.ts'

/** What a lane asks for. */
export type LaneMessage = { wants: 'file' }
/** The answer: the path of a test file, or null when none is left. */
export type LaneOrder = { file: string | null }

// With FUZZ or ATTACKS, somebody wants more requests than the gate sends and waits for them.
const LONGEST_FILE_MS = process.env.FUZZ || process.env.ATTACKS ? 3_600_000 : 300_000
const SCHEME = 'tap-of-file:'
const CURRENT = 'gomask.currentTest'

const current = { url: '', t: t as unknown as Test }
Object.assign(globalThis, { [CURRENT]: () => current.t })

registerHooks({
  resolve(specifier, context, next) {
    const isOwn = specifier === 'tap' && context.parentURL === current.url
    return isOwn ? { url: `${SCHEME}${current.url}`, shortCircuit: true } : next(specifier, context)
  },
  load(url, context, next) {
    if (!url.startsWith(SCHEME)) return next(url, context)
    return { format: 'module', source: `export default globalThis['${CURRENT}']()`, shortCircuit: true }
  },
})

t.setTimeout(0) // Each file has a time of its own; a lane takes as long as its files.
for (let file = await nextFile(); file !== null; file = await nextFile()) {
  const url = pathToFileURL(file).href
  await t.test(relative('', file), { timeout: LONGEST_FILE_MS }, async (t) => {
    Object.assign(current, { url, t })
    forgetAll()
    drawFor(relative('', file))
    await import(url)
  })
}
await closeSpare()
process.disconnect?.()

async function nextFile(): Promise<string | null> {
  process.channel?.ref() // All that keeps this process between two files; tap lets go of it.
  process.send?.({ wants: 'file' } satisfies LaneMessage)
  const [order] = (await once(process, 'message')) as [LaneOrder]
  return order.file
}
