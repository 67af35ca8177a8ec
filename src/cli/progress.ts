import { SingleBar } from 'cli-progress'

/** Shows the progress of long work. */
export interface Progress {
  at(done: number, of: number): void
  /** Removes the bar and says what was done. */
  end(summary: string): void
}

/** A progress bar on standard error; only the summary if that is not a terminal. */
export function showProgress(what: string): Progress {
  const bar = new SingleBar({
    format: `${what} [{bar}] {percentage}% {value}/{total}, {eta_formatted} to go`,
    clearOnComplete: true,
  })
  let isShown = false
  return {
    at(done, of) {
      if (!isShown && process.stderr.isTTY) bar.start(of, done)
      isShown = true
      bar.update(done)
    },
    end(summary) {
      if (isShown) bar.stop()
      console.error(summary)
    },
  }
}
