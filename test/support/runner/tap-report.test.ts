import t from 'tap'
import { type FileResult, TapReport } from './tap-report.ts'

const STREAM = `TAP version 14
1..3
# Subtest: test/a.test.ts
    # Subtest: a claim
        ok 1 - holds
        # Subtest: inner
            not ok 1 - falls \\# 1
              ---
              diff: |
                ok 7 - is no test point here
              ...
            1..1
        not ok 2 - inner # time=3.472ms
          ---
          at: hidden
          ...

        1..2
    not ok 1 - a claim # time=4ms
    ok 2 - bursts # SKIP prove nothing on the embedded database
    1..2
    # time=5ms
not ok 1 - test/a.test.ts # time=5.2ms
  ---
  exitCode: 1
  ...

# Subtest: test/b.test.ts
    ok 1 - holds
    1..1
ok 2 - test/b.test.ts # time=6ms

said by a test
# Subtest: test/c.test.ts
    ok 1 - holds
    1..1
not ok 3 - test/c.test.ts # time=7ms
  ---
  exitCode: 3
  ...

# No coverage generated
# { total: 6, pass: 3, fail: 2, skip: 1 }
# time=2125.965ms`

t.test(
  'a failure is named by its path, once and with its diagnostic, and a file that ended badly is one',
  async (t) => {
    const { lines, files } = read(STREAM)
    t.strictSame(lines, [
      'not ok: test/a.test.ts > a claim > inner > falls # 1',
      '                  diff: |',
      '                    ok 7 - is no test point here',
      'said by a test',
      'not ok: test/c.test.ts',
      '      exitCode: 3',
    ])
    t.strictSame(files, [
      { file: 'test/a.test.ts', ok: false, ms: 5 },
      { file: 'test/b.test.ts', ok: true, ms: 6 },
      { file: 'test/c.test.ts', ok: false, ms: 7 },
    ])
  },
)

t.test('a test left out is named with its reason', async (t) => {
  const { report } = read(STREAM)
  t.strictSame(report.leftOut, ['test/a.test.ts > bursts: prove nothing on the embedded database'])
})

t.test('the totals are those of tap', async (t) => {
  t.strictSame(read(STREAM).report.totals, { passed: 3, failed: 2 })
  t.strictSame(read('# { total: 1, pass: 1 }').report.totals, { passed: 1, failed: 0 })
})

t.test('a stream that breaks off has no totals', async (t) => {
  t.equal(read(STREAM.slice(0, STREAM.indexOf('# { total'))).report.totals, undefined)
})

function read(stream: string): { report: TapReport; lines: string[]; files: FileResult[] } {
  const lines: string[] = []
  const files: FileResult[] = []
  const report = new TapReport(
    (line) => lines.push(line),
    (file) => files.push(file),
  )
  for (const line of stream.split('\n')) report.feed(line)
  return { report, lines, files }
}
