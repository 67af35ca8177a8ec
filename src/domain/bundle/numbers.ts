import { BundleFault } from './fault.ts'

/** What an entry says about whom it concerns. */
interface Naming {
  index: number
  personId: string
  kind: string
  refersTo: string | null
  /** All that its payload names; undefined once erased. */
  numbers: readonly string[] | undefined
  /** Whether it is of the first version, when persons could be joined without an entry that says so. */
  isFirstVersion: boolean
}

interface Holder {
  index: number
  personId: string
  isFirstVersion: boolean
}

/**
 * Follows under which persons each number stands. One number belongs to one person, or to persons whom a `link` entry
 * joins; a number moved to somebody new would have a second share.
 */
export class NumbersOfPersons {
  readonly #holders = new Map<string, Holder>()
  readonly #parents = new Map<string, string>()
  readonly #suspects = new Map<string, { first: Holder; second: Holder }>()

  add({ index, personId, kind, refersTo, numbers, isFirstVersion }: Naming): void {
    if (kind === 'link' && refersTo !== null) this.#parents.set(this.#rootOf(personId), this.#rootOf(refersTo))
    const second = { index, personId, isFirstVersion }
    for (const number of numbers ?? []) {
      const first = this.#holders.get(number)
      if (first === undefined) this.#holders.set(number, second)
      else if (!(first.isFirstVersion && isFirstVersion)) this.#compare(first, second)
    }
  }

  /** Ends after the last entry, as a link may come after what it joins. */
  end(): void {
    const [found] = [...this.#suspects.values()]
      .filter(({ first, second }) => !this.#areJoined(first, second))
      .sort((one, other) => one.second.index - other.second.index)
    if (!found) return
    throw new BundleFault(
      `it names a number that entry ${found.first.index} names for another person, and no link entry joins the two`,
      found.second.index,
    )
  }

  #compare(first: Holder, second: Holder): void {
    if (first.personId === second.personId || this.#areJoined(first, second)) return
    const key = `${first.personId} ${second.personId}`
    if (!this.#suspects.has(key)) this.#suspects.set(key, { first, second })
  }

  #areJoined(one: Holder, other: Holder): boolean {
    return this.#rootOf(one.personId) === this.#rootOf(other.personId)
  }

  #rootOf(personId: string): string {
    let root = personId
    for (let next = this.#parents.get(root); next !== undefined; next = this.#parents.get(root)) {
      if (next === root) break
      root = next
    }
    return root
  }
}
