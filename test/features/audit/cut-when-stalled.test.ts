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
  const passed = cutWhenStalled(endless(), 100)
  const began = performance.now()
  for await (const _ of passed) if (performance.now() - began > 500) break
  t.ok(performance.now() - began > 500)
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
