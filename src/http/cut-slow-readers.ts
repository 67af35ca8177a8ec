import { pipeline, type Readable, Transform } from 'node:stream'

const LOOKED_AT_MS = 30_000
const LEAST_BYTES = 512 * 1024

/**
 * Passes a stream on, and cuts it off when its reader takes in less than 512 kB in 30 s: one that has stopped, or reads
 * a byte at a time, must not keep a database connection for ever. A source that has nothing to give yet is waited for.
 * The source ends with its reader.
 */
export function cutSlowReaders(source: Readable): Readable {
  let taken = 0
  const passed = new Transform({
    transform: (chunk, _encoding, done) => {
      taken += chunk.length
      done(null, chunk)
    },
  })
  const timer = setInterval(() => {
    const isWaitedFor = passed.readableLength >= passed.readableHighWaterMark
    if (isWaitedFor && taken < LEAST_BYTES) passed.destroy(new Error('the reader is too slow'))
    taken = 0
  }, LOOKED_AT_MS)
  pipeline(source, passed, () => clearInterval(timer))
  return passed
}
