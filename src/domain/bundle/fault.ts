/** Why a bundle does not verify, in a sentence for its reader, naming the first bad entry if there is one. */
export class BundleFault extends Error {
  readonly index: number | undefined

  constructor(message: string, index?: number) {
    super(index === undefined ? message : `entry ${index}: ${message}`)
    this.index = index
  }
}

/** The file is not a bundle. */
export class NoBundle extends BundleFault {}

/** The bundle can't be read: what somebody sent or saved is torn, whatever the ledger holds. */
export class Damaged extends BundleFault {}

/** The bundle may be sound, but cannot answer what was asked. */
export class Unanswerable extends BundleFault {}
