import t from 'tap'
import { readLines, Unreadable } from '../../src/cli/lines.ts'
import { signReceipt } from '../../src/domain/checkpoint.ts'
import { verifierOf } from '../../src/domain/signed-note.ts'
import { ALL, exportBundle, linesOf, verify } from '../support/bundle.ts'
import { makeHistory } from '../support/history.ts'
import { makeSigner } from '../support/log.ts'
import { fc } from '../support/seed.ts'
import { startService } from '../support/service.ts'

const service = await startService(t)
const { signer, nurse, first, newest } = await makeHistory(service)
const whole = await exportBundle(service)
const selection = await exportBundle(service, { ...ALL, professional: nurse.id })
const keys = [signer.line].flatMap((line) => verifierOf(line) ?? [])

/** The bundle with its lines changed. */
const withLines = (bundle: string, change: (lines: string[]) => string[]) =>
  `${change(bundle.trimEnd().split('\n')).join('\n')}\n`
/** Lines 0 to 2 are the header and the checkpoints. */
const line = (entry: number) => entry + 3

t.test('lines left out, doubled, put in another order, and added are found', async (t) => {
  t.equal(
    verify(withLines(whole, (lines) => lines.toSpliced(line(4), 1))),
    'entry 4: it is missing: the next is entry 5',
  )
  t.equal(
    verify(withLines(whole, (lines) => lines.slice(0, line(7)))),
    'entry 7: the bundle breaks off after 7 of 10 entries',
  )
  const [four, five] = [line(4), line(5)]
  const swapped = (lines: string[]) => lines.with(four, lines[five] as string).with(five, lines[four] as string)
  t.equal(verify(withLines(whole, swapped)), 'entry 4: it is missing: the next is entry 5')
  t.equal(verify(withLines(selection, swapped)), 'entry 6: it comes after entry 7: the order is wrong')
  t.match(
    verify(withLines(whole, (lines) => lines.toSpliced(four, 0, lines[four] as string))),
    /^entry 4: it comes after entry 4/,
  )
  t.match(verify(withLines(whole, (lines) => [...lines, lines.at(-1) as string])), /^entry 9: it comes after the last/)
  t.equal(
    verify(withLines(selection, (lines) => lines.toSpliced(line(3), 1))),
    'entry 7: it has sequence 4 in its person’s history, after 2',
  )
  t.match(verify(withLines(whole, (lines) => lines.toSpliced(1, 2))), /^it holds no checkpoint/)
})

t.test('a checkpoint that the log does not continue, and an entry under another index are found', async (t) => {
  const unproved = whole.replace(/"consistency":\[[^\]]*\]/, '"consistency":[]')
  t.equal(verify(unproved), 'the newest checkpoint does not continue the log of the one on line 3, of 5 entries')
  const moved = selection.replace('{"index":5,', '{"index":4,')
  t.match(verify(moved), /^entry 4: its proof does not lead to the checkpoint/)
})

t.test('garbage is no bundle, or names the line or the entry', async (t) => {
  t.equal(verify(''), 'the file is empty')
  t.equal(verify('hello\n'), 'it is not JSON')
  t.equal(verify('{}\n'), 'the first line is not the header of a bundle')
  t.equal(verify(withLines(whole, (lines) => lines.with(line(3), 'null'))), 'entry 3: it has no index')
  t.equal(verify(withLines(whole, (lines) => lines.with(line(3), '{"index":3'))), 'entry 3: it is not JSON')
  t.equal(verify(withLines(selection, (lines) => lines.with(line(3), '7'))), 'line 7: it has no index')
})

t.test('a key that did not sign it, and a checkpoint that says another size, are refused', async (t) => {
  const stranger = makeSigner()
  t.match(verify(whole, { keys: [stranger] }), /^the newest checkpoint is not signed by the key that was given/)
  t.match(verify(whole.replace('\\n10\\n', '\\n9\\n')), /^the newest checkpoint is not signed by a key of the bundle/)
  t.match(verify(whole.replace('"entries":10', '"entries":9')), /^the header promises 9 entries of the whole log, but/)
  const ofStranger = newest.replaceAll('gomask.test', 'elsewhere')
  t.match(
    verify(whole, { checkpoints: [{ name: 'a.txt', note: ofStranger }] }),
    /^a.txt is signed by no key that is known here/,
  )
})

t.test('a receipt is kept, broken after its deadline, or cannot be decided', async (t) => {
  const hour = 3_600_000
  const { exportedAt } = linesOf(whole).header
  const receipt = (hash: string, hoursAgo: number) => {
    const promise = {
      entryHash: Buffer.from(hash, 'base64'),
      seq: 1,
      recordedAt: Date.parse(exportedAt) - hoursAgo * hour,
    }
    return [{ name: 'r.txt', note: signReceipt(promise, signer) }]
  }
  const lost = Buffer.alloc(32, 7).toString('base64')
  const outcome = (bundle: string, receipts: { name: string; note: string }[]) => {
    const verdict = verify(bundle, { keys, receipts })
    return typeof verdict === 'string' ? verdict : verdict.promised
  }
  t.match(outcome(whole, receipt(first.entryHash, 30)), [
    { outcome: 'kept', finding: 'its entry is in the log, entry 1' },
  ])
  t.match(outcome(selection, receipt(first.entryHash, 30)), [{ outcome: 'kept' }])
  t.match(outcome(whole, receipt(lost, 25)), [{ outcome: 'broken', finding: /^acknowledged, but not in the log by / }])
  t.match(outcome(whole, receipt(lost, 23)), [{ outcome: 'undecided', finding: /^its entry is not in the log yet/ }])
  t.match(outcome(selection, receipt(lost, 25)), [{ outcome: 'undecided', finding: /ask for the whole log/ }])
  const forged = receipt(lost, 25).map(({ name, note }) => ({ name, note: note.replace('\n1\n', '\n2\n') }))
  t.match(outcome(whole, forged), /^r.txt was changed after it was signed/)
})

t.test(
  'a byte changed anywhere is found, or stands in what nothing signs: when it was exported, and what was asked for',
  async () => {
    for (const bundle of [whole, selection]) {
      const bytes = Buffer.from(bundle.trimEnd()) // The last newline may be any blank, or be missing.
      const unsigned = [...bundle.matchAll(/"exportedAt":"[^"]*"|"selection":.*?,"entries"/g)].map(
        ({ index, 0: { length } }) => ({ index, end: index + length }),
      )
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
          const changed = Buffer.from(bytes)
          changed[place] = (changed[place] as number) ^ flip
          return unsigned.some(({ index, end }) => place >= index && place < end) || !(await isAccepted(changed))
        }),
        { numRuns: 600 },
      )
    }
  },
)

t.test('other figures than a line was judged by are found, on a reversal too', async (t) => {
  const changed = ['cap', 'received', 'held'].flatMap((figure) =>
    whole.split('\n').flatMap((line, nth, lines) => {
      const other = line.replace(new RegExp(`("${figure}":)\\d+(?=[^"])`), '$1987654')
      return other === line ? [] : [verify(lines.with(nth, other).join('\n'), { keys })]
    }),
  )
  t.ok(changed.length > 10)
  for (const verdict of changed) t.match(verdict, /differ from the payload \(lines\[0\]/)
})

async function isAccepted(bytes: Buffer): Promise<boolean> {
  const lines: string[] = []
  try {
    await readLines(
      pieces(bytes),
      (each) => lines.push(each),
      () => {},
    )
  } catch (error) {
    if (error instanceof Unreadable) return false
    throw error
  }
  return typeof verify(`${lines.join('\n')}\n`, { keys }) !== 'string'
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 1_000) yield bytes.subarray(start, start + 1_000)
}
