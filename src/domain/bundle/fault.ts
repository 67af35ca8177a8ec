/** Why a bundle does not verify, in a sentence for whoever reads it; with the first bad entry where one is to blame. */
export class BundleFault extends Error {
  readonly index: number | undefined

  constructor(message: string, index?: number) {
    super(index === undefined ? message : `entry ${index}: ${message}`)
    this.index = index
  }
}

/** The file is no bundle at all. */
export class NoBundle extends BundleFault {}

/** The bundle cannot answer what was asked of it, whatever is in it. */
export class Unanswerable extends BundleFault {}
