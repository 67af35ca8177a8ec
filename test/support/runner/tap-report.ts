/** What a run came to, in test points. `failed` counts a file that ended badly, too. */
export interface Totals {
  passed: number
  failed: number
}

/** How a test file went. */
export interface FileResult {
  file: string
  ok: boolean
  ms: number
}

const POINT = /^( *)(not )?ok \d+(?: - (.*))?$/
const SUBTEST = /^( *)# Subtest: (.*)$/
const DIRECTIVE = /(?<!\\)# (SKIP|TODO)\b ?(.*)$/i
const TIME = / *(?<!\\)# time=([\d.]+)ms$/
const TOTALS = /^# \{ total: \d+.* \}$/
const UNINTERESTING = /^ *(TAP version \d+|\d+\.\.\d+.*|# time=.*|# No coverage generated)?$/

/**
 * Reads the TAP stream of a whole run line by line: says how each file went and what failed, keeps the totals and every
 * test that was left out. tap's own terminal reporters need a terminal that moves its cursor, which a CI log is not.
 */
export class TapReport {
  readonly leftOut: string[] = []
  totals: Totals | undefined
  readonly #print: (line: string) => void
  readonly #onFile: (file: FileResult) => void
  readonly #path: { title: string; failuresBefore: number }[] = []
  #failures = 0
  #diagnostic: 'none' | 'hidden' | 'shown' = 'none'
  #lastFailed = false

  /** Says what failed to `print`, and how each file went to `onFile`. */
  constructor(print: (line: string) => void, onFile: (file: FileResult) => void) {
    this.#print = print
    this.#onFile = onFile
  }

  /** Takes the next line, without its line break. */
  feed(line: string): void {
    if (this.#readDiagnostic(line)) return
    const subtest = SUBTEST.exec(line)
    const point = POINT.exec(line)
    this.#lastFailed = false
    if (subtest) this.#open(depthOf(subtest[1]), unescaped(subtest[2] ?? ''))
    else if (point) this.#close(depthOf(point[1]), point[2] === undefined, point[3] ?? '')
    else if (TOTALS.test(line)) this.totals = { passed: count(line, 'pass'), failed: count(line, 'fail') }
    else if (!UNINTERESTING.test(line)) this.#print(line)
  }

  /** A diagnostic is an indented block between `---` and `...` that follows its test point. */
  #readDiagnostic(line: string): boolean {
    const text = line.trim()
    if (this.#diagnostic === 'none') {
      if (text !== '---') return false
      this.#diagnostic = this.#lastFailed ? 'shown' : 'hidden'
      return true
    }
    if (text === '...') this.#diagnostic = 'none'
    else if (this.#diagnostic === 'shown') this.#print(`    ${line.trimEnd()}`)
    return true
  }

  #open(depth: number, title: string): void {
    this.#path.length = Math.min(depth, this.#path.length)
    this.#path.push({ title, failuresBefore: this.#failures })
  }

  #close(depth: number, ok: boolean, rest: string): void {
    const time = TIME.exec(rest)?.[1]
    const named = rest.replace(TIME, '')
    const directive = DIRECTIVE.exec(named)
    const title = unescaped(named.replace(DIRECTIVE, '').trim())
    const own = this.#path[depth]
    const failedBelow = own !== undefined && own.title === title && this.#failures > own.failuresBefore
    this.#path.length = Math.min(depth, this.#path.length)
    const name = [...this.#path.map((step) => step.title), title].join(' > ')

    if (depth === 0) this.#onFile({ file: title, ok, ms: Math.round(Number(time ?? 0)) })
    if (directive) this.leftOut.push(`${name}: ${unescaped(directive[2] ?? '') || directive[1]}`)
    else if (!ok && !failedBelow) this.#fail(name)
  }

  #fail(name: string): void {
    this.#failures += 1
    this.#lastFailed = true
    this.#print(`not ok: ${name}`)
  }
}

function depthOf(indent = ''): number {
  return indent.length / 4
}

function unescaped(text: string): string {
  return text.replace(/\\([\\#])/g, '$1')
}

function count(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}: (\\d+)`).exec(line)?.[1] ?? 0)
}
