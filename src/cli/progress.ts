import { SingleBar } from 'cli-progress'

/** Shows how far a long work has come. */
export interface Progress {
  at(done: number, of: number): void
  /** Takes the bar away and says what was done. */
  end(summary: string): void
}

/** A progress bar on standard error; where that is no terminal, the summary alone. */
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
