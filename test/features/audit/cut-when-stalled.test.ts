import { once } from 'node:events'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { cutWhenStalled } from '../../../src/features/audit/cut-when-stalled.ts'

/** A stream without an end. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16_384))
    },
  })
}

t.test('a reader that stops is cut off, and the source ends with it', async (t) => {
  const source = endless()
  const passed = cutWhenStalled(source, 50)
  passed.read()
  const [error] = await once(passed, 'error')
  t.match(error, { message: 'the reader has stopped reading' })
  t.ok(source.destroyed)
})

t.test('a reader that goes on reading is not cut off, however long it takes', async (t) => {
  const { made: passed, timer } = withTimer(() => cutWhenStalled(endless(), 1_000))
  for (let piece = 1; piece <= 20; piece++) {
    await once(passed, 'readable')
    const before = timer.begunAnew
    while (passed.read() !== null);
    await once(passed, 'readable')
    t.ok(timer.begunAnew > before, 'its time begins anew with what it reads')
  }
  const cut = once(passed, 'error')
  timer.runOut()
  t.match(await cut, [{ message: 'the reader has stopped reading' }], 'only when that time has run out')
})

t.test('a reader that goes away ends the source, and a source that fails the reader', async (t) => {
  const source = endless()
  cutWhenStalled(source, 1_000).destroy()
  await finished(source).catch(() => {})
  t.ok(source.destroyed)
  const failing = endless()
  const passed = cutWhenStalled(failing, 1_000)
  failing.destroy(new Error('lost'))
  await t.rejects(once(passed, 'end'), { message: 'lost' })
})

/** What is made with one timer, which runs out when it is told to. */
function withTimer<Made>(make: () => Made): { made: Made; timer: { begunAnew: number; runOut(): void } } {
  const timer = { begunAnew: 0, runOut: () => {} }
  const { setTimeout } = globalThis
  globalThis.setTimeout = ((runOut: () => void) => {
    timer.runOut = runOut
    return { refresh: () => timer.begunAnew++ }
  }) as unknown as typeof setTimeout
  try {
    return { made: make(), timer }
  } finally {
    globalThis.setTimeout = setTimeout
  }
}
