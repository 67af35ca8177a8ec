import { pipeline, type Readable, Transform } from 'node:stream'

/**
 * Passes a stream on, and cuts it off when nothing could be passed on for this long: a reader that has stopped must not
 * keep a database connection for ever. The source ends with it.
 */
export function cutWhenStalled(source: Readable, stalledMs: number): Readable {
  const passed = new Transform({
    transform: (chunk, _encoding, done) => {
      timer.refresh()
      done(null, chunk)
    },
  })
  const timer = setTimeout(() => passed.destroy(new Error('the reader has stopped reading')), stalledMs)
  pipeline(source, passed, () => clearTimeout(timer))
  return passed
}
