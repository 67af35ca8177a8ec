import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { signReceipt } from '../../src/domain/checkpoint.ts'
import { linesOf } from '../support/bundle.ts'
import { gomask, handOver } from '../support/command.ts'
import { makeHistory } from '../support/history.ts'
import { makeSigner } from '../support/log.ts'
import { makeFolder } from '../support/process.ts'
import { startService } from '../support/service.ts'

const folder = await makeFolder(t)
const file = (name: string) => join(folder, name)
const empty = await handOver(await startService(t))
const service = await startService(t)
const { signer, here, nurse, early } = await makeHistory(service)
const env = await handOver(service)
const bundle = file('ledger.ndjson')
const verify = (...args: string[]) => gomask(['verify-ledger', ...args])
await writeFile(file('early.txt'), early)

t.test('export-ledger writes the whole log, and verify-ledger verifies it with no configuration at all', async (t) => {
  t.match(await gomask(['export-ledger', bundle], env), { code: 0, stdout: '', stderr: '10 entries written\n' })
  t.same(await readdir(folder), ['early.txt', 'ledger.ndjson'], 'nothing half-written is left')
  const { code, stdout, stderr } = await verify(bundle, '--key', signer.line, '--checkpoint', file('early.txt'))
  t.equal(code, 0)
  t.match(
    stdout,
    /^The bundle verifies\.\nlog {9}gomask\.test, exported 2\S+Z\nholds {7}the whole log: 10 entries\n {12}1 of them about nobody: rules and other records\ncheckpoint {2}10 entries, root \S{44}\n {12}continues the log of 1 earlier one\n$/,
  )
  t.match(stderr, /^10 of 10 entries checked in \d+\.\d s\n$/)
  const unknown = await verify(bundle)
  t.match(unknown.stdout, `NOT AUTHENTICATED: compare them with those that you know\n            ${signer.line}\n`)
})

t.test('- is standard output and standard input; options select', async (t) => {
  const options = [
    '--professional',
    nurse.id,
    '--pharmacy',
    here.finess,
    '--from',
    '2020-01-01T00:00:00Z',
    '--to=2120-01-01T00:00:00Z',
  ]
  const { code, stdout } = await gomask(['export-ledger', '-', ...options], env)
  t.equal(code, 0)
  t.strictSame(
    linesOf(stdout).entries.map(({ index }) => index),
    [0, 1, 5, 6, 9],
  )
  const verified = await gomask(['verify-ledger', '-', '--key', signer.line], {}, stdout)
  t.match(verified, { code: 0, stdout: `pharmacy ${here.finess}, professional ${nurse.id}` })
})

t.test('export-ledger exits 2 when called wrongly, 1 while nothing is signed, and leaves no file', async (t) => {
  const wrong = [
    [[], 'Missing required positional argument: BUNDLE'],
    [['x', '--form', '2026-01-01T00:00:00Z'], 'there is no option --form'],
    [['x', '--from', 'monday'], '--from: must be an RFC 3339 time with an offset'],
    [
      ['x', '--from', '0001-01-01T00:00:00Z'],
      '--from: must be from 1970-01-01T00:00:00.000Z to 2199-12-31T23:59:59.999Z',
    ],
    [['x', '--to', '9999-12-31T23:59:59Z'], '--to: must be from 1970-01-01T00:00:00.000Z to 2199-12-31T23:59:59.999Z'],
    [['x', '--to', '2016-12-31T23:59:60Z'], '--to: must be an RFC 3339 time with an offset'],
    [['x', '--pharmacy', '1'], '--pharmacy: must be a FINESS number'],
    [['x', '--professional', '1'], '--professional: must be an RPPS or ADELI number'],
    [['x', '--from', '2026-01-02T00:00:00Z', '--to', '2026-01-01T00:00:00Z'], '--to: must be after --from'],
  ] as const
  const answers = await Promise.all(wrong.map(([args]) => gomask(['export-ledger', ...args], env)))
  for (const [nth, [, said]] of wrong.entries()) t.match(answers[nth], { code: 2, stderr: said })
  const nothing = await gomask(['export-ledger', file('nothing')], empty)
  t.match(nothing, { code: 1, stderr: 'gomask: nothing is signed yet' })
  const nowhere = await gomask(['export-ledger', file('no/such/folder')], env)
  t.match(nowhere, { code: 1, stderr: /ENOENT/ })
  t.same(await readdir(folder), ['early.txt', 'ledger.ndjson'])
})

t.test('verify-ledger exits 1 and names the first bad entry', async (t) => {
  const text = await readFile(bundle, 'utf8')
  await writeFile(file('edited'), text.replace('"quantity":2,', '"quantity":90,'))
  t.match(await verify(file('edited')), {
    code: 1,
    stdout: '',
    stderr: `gomask: ${file('edited')} does not verify: entry 2: the stored columns differ from the sealed bytes (lines[0].quantity: 90 stored, 2 sealed)\n`,
  })
  const stranger = makeSigner()
  t.match(await verify(bundle, '--key', stranger.line), {
    code: 1,
    stderr: 'the newest checkpoint is not signed by the key that was given',
  })
})

t.test('verify-ledger exits 2 when called wrongly, and for what is no bundle', async (t) => {
  await writeFile(file('binary'), Buffer.from([0xff, 0xfe, 0x0a]))
  await writeFile(file('endless'), Buffer.alloc(6 * 1024 * 1024, 'x'))
  const wrong = [
    [[], 'Missing required positional argument: BUNDLE'],
    [[bundle, '--keys', 'x'], 'there is no option --keys'],
    [[bundle, '--key', 'x'], '--key: «x» is not a verifier key line'],
    [[file('none')], 'none cannot be read'],
    [[folder], 'cannot be read'],
    [[bundle, '--receipt', file('none')], 'none cannot be read'],
    [[file('early.txt')], 'is no bundle: it is not JSON'],
    [[file('binary')], 'is no bundle: it is not UTF-8'],
    [[file('endless')], 'is no bundle: it is far too long'],
    [['/dev/null'], '/dev/null is no bundle: the file is empty'],
  ] as const
  const answers = await Promise.all(wrong.map(([args]) => verify(...args)))
  for (const [nth, [, said]] of wrong.entries()) t.match(answers[nth], { code: 2, stdout: '', stderr: said })
})

t.test('verify-ledger exits 3 when an acknowledged entry is not in the log', async (t) => {
  const lost = { entryHash: Buffer.alloc(32), seq: 1, recordedAt: Date.now() - 25 * 3_600_000 }
  await writeFile(file('receipt.txt'), signReceipt(lost, signer))
  const { code, stdout, stderr } = await verify(bundle, '--receipt', file('receipt.txt'))
  t.equal(code, 3)
  t.match(stdout, `receipt     ${file('receipt.txt')}: broken, acknowledged, but not in the log by `)
  t.match(stderr, 'acknowledged, but not in the log by ')
})
