import { once } from 'node:events'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import t from 'tap'
import { cutSlowReaders } from '../../../src/http/cut-slow-readers.ts'

/** A stream without an end. */
function endless(): Readable {
  return new Readable({
    read() {
      this.push(Buffer.alloc(16_384))
    },
  })
}

t.test('a reader that stops, or takes in next to nothing, is cut off, and the source ends with it', async (t) => {
  for (const bytes of [0, 1]) {
    const source = endless()
    const { made: passed, look } = withTimer(() => cutSlowReaders(source))
    await once(passed, 'readable')
    passed.read(bytes)
    const cut = once(passed, 'error')
    look()
    t.match(await cut, [{ message: 'the reader is too slow' }])
    t.ok(source.destroyed)
  }
})

t.test('a reader that goes on reading is not cut off, however long it takes', async (t) => {
  const { made: passed, look } = withTimer(() => cutSlowReaders(endless()))
  for (let time = 1; time <= 5; time++) {
    for (let taken = 0; taken < 600_000; ) {
      await once(passed, 'readable')
      for (let piece = passed.read(); piece !== null; piece = passed.read()) taken += piece.length
    }
    look()
    t.notOk(passed.destroyed, `time ${time}`)
  }
  passed.destroy()
})

t.test('a source that has nothing to give is waited for', async (t) => {
  const { made: passed, look } = withTimer(() => cutSlowReaders(new Readable({ read() {} })))
  for (const _ of [1, 2, 3]) look()
  t.notOk(passed.destroyed)
  passed.destroy()
})

t.test('a reader that goes away ends the source, and a source that fails the reader', async (t) => {
  const source = endless()
  cutSlowReaders(source).destroy()
  await finished(source).catch(() => {})
  t.ok(source.destroyed)
  const failing = endless()
  const passed = cutSlowReaders(failing)
  failing.destroy(new Error('lost'))
  await t.rejects(once(passed, 'end'), { message: 'lost' })
})

/** What is made with one timer, which is over when it is told to be. */
function withTimer<Made>(make: () => Made): { made: Made; look(): void } {
  let look = () => {}
  const { setInterval } = globalThis
  globalThis.setInterval = ((work: () => void) => {
    look = work
  }) as unknown as typeof setInterval
  try {
    const made = make()
    return { made, look: () => look() }
  } finally {
    globalThis.setInterval = setInterval
  }
}
