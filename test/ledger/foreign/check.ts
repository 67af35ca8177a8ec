/**
 * Has bundles verified by software that is not ours: `node test/ledger/foreign/check.ts`. The packages behind Go's
 * checksum database (Debian: golang-go, golang-golang-x-mod-dev) take a bundle of a real service and refuse forgeries;
 * openssl takes the checkpoint's signature. The last line reads `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linesOf } from '../../support/bundle.ts'
import { gomask, handOver } from '../../support/command.ts'
import { type History, makeHistory } from '../../support/history.ts'
import { publishLog } from '../../support/log.ts'
import { rewriteHistory } from '../../support/rewrite.ts'
import { type Service, startService } from '../../support/service.ts'
import { range } from '../../support/tally.ts'
import { must } from '../../support/world.ts'

const GO = { GO111MODULE: 'off', GOPATH: '/usr/share/gocode', GOFLAGS: '', GOTOOLCHAIN: 'local' }
const HAND_OVERS = 36
// How a rule stands in its record, text within text, and within the bundle's.
const [RULE, FORGED_RULE] = ['A rule for tests', 'Another rule']

const folder = await mkdtemp(join(tmpdir(), 'gomask-foreign-'))
const file = (name: string) => join(folder, name)
const endings: (() => unknown)[] = [() => rm(folder, { recursive: true })]
const teardown = (ending: () => unknown) => void endings.unshift(ending)

const claims: [string, () => Promise<void>][] = [
  ['Go builds the verifier with no network', build],
  ['Go accepts the whole log and the checkpoint kept', () => accepts('whole', file('kept'))],
  ['Go accepts a selection and the checkpoint kept', () => accepts('part', file('kept'))],
  ['Go refuses an entry under another index', () => refuses('part', '{"index":5,', '{"index":4,', /entry 4: /)],
  ['Go refuses another size in the checkpoint', () => refuses('whole', /\\n(\d+)\\n/, '\\n1$1\\n', /signature/)],
  [
    'Go refuses edited sealed bytes, by the root',
    () => refuses('whole', sealed(4), sealed(90), /root that was signed/),
  ],
  ['Go refuses edited sealed bytes, by the proof', () => refuses('part', sealed(4), sealed(90), /entry 1: /)],
  ['Go refuses an edited rule, by the root', () => refuses('whole', RULE, FORGED_RULE, /root that was signed/)],
  ['Go refuses an edited rule, by the proof', () => refuses('part', RULE, FORGED_RULE, /entry 0: /)],
  [
    'Go refuses a log without the rule',
    () => refuses('whole', /\{"index":0,.*\n/, '', /entry 1 stands where entry 0 should/),
  ],
  ['Go refuses a history rewritten and signed again with the real key', refusesRewritten],
  ['openssl accepts the signature of the checkpoint', () => openssl('body', true)],
  ['openssl refuses the signature of another body', () => openssl('edited-body', false)],
]

let key = ''
let passed = 0
try {
  const honest = await startService({ teardown })
  const history = await makeHistory(honest)
  await dispenseMore(honest, history)
  key = history.signer.line
  const database = await handOver(honest)
  await exportLedger(database, 'whole')
  await exportLedger(database, 'part', '--professional', history.nurse.id)
  await writeFile(file('kept'), history.early)
  await writeFile(file('key.pem'), history.signer.publicKey.export({ type: 'spki', format: 'pem' }))
  for (const [claim, hold] of claims) {
    await hold()
    console.log(`ok: ${claim}`)
    passed += 1
  }
} catch (error) {
  console.log(`not ok: ${claims[passed]?.[0]}`, error)
  process.exitCode = 1
} finally {
  for (const ending of endings) await ending()
}
console.log(`${passed} passed, ${passed < claims.length ? 1 : 0} failed`)

async function dispenseMore({ db }: Service, { world, here, signer }: History): Promise<void> {
  for (const n of range(HAND_OVERS)) {
    const { id } = await world.professional(10 + n)
    must(201, await world.dispense(here, id, 1 + (n % 5)))
    if (n % 10 === 0) await publishLog(db, signer)
  }
  await publishLog(db, signer)
}

async function exportLedger(database: Record<string, string>, name: string, ...options: string[]): Promise<void> {
  const { code, stderr } = await gomask(['export-ledger', file(name), ...options], database)
  assert.equal(code, 0, stderr)
}

async function build(): Promise<void> {
  const source = fileURLToPath(new URL('verify.go', import.meta.url))
  const env = { ...GO, HOME: folder, PATH: process.env.PATH ?? '' }
  const { code, output } = await run('go', ['build', '-o', file('verify'), source], env)
  assert.equal(code, 0, output)
}

async function accepts(name: string, ...kept: string[]): Promise<void> {
  const { code, output } = await run(file('verify'), [file(name), key, ...kept])
  assert.equal(code, 0, output)
  const { entries, checkpoints } = linesOf(await readFile(file(name), 'utf8'))
  const [, size] = checkpoints[0]?.checkpoint.split('\n') ?? []
  assert.equal(
    output,
    `verifies: ${entries.length} entries of a log of ${size}, ${checkpoints.length - 1} earlier checkpoints\n`,
  )
}

async function refuses(name: string, what: string | RegExp, by: string, said: RegExp): Promise<void> {
  const honest = await readFile(file(name), 'utf8')
  const forged = honest.replace(what, by)
  assert.notEqual(forged, honest)
  await writeFile(file('forged'), forged)
  await isRefused('forged', said)
}

async function isRefused(name: string, said: RegExp, ...kept: string[]): Promise<void> {
  const { code, output } = await run(file('verify'), [file(name), key, ...kept])
  assert.equal(code, 1, output)
  assert.match(output, said)
}

/** How the first entry's sealed bytes stand in a bundle, with a quantity. */
function sealed(quantity: number): string {
  return `\\"surgical\\",${quantity},`
}

async function refusesRewritten(): Promise<void> {
  const service = await startService({ teardown })
  const { signer, newest } = await makeHistory(service)
  await rewriteHistory(service, signer)
  await exportLedger(await handOver(service), 'rewritten')
  await writeFile(file('kept-newest'), newest)
  key = signer.line
  await accepts('rewritten')
  await isRefused('rewritten', /the history was rewritten/, file('kept-newest'))
}

/** The signature of the whole log's checkpoint, over its body or over another. */
async function openssl(name: string, isRight: boolean): Promise<void> {
  const note = linesOf(await readFile(file('whole'), 'utf8')).checkpoints[0]?.checkpoint ?? ''
  const end = note.indexOf('\n\n') + 1
  const signature = Buffer.from(note.trimEnd().split(' ').at(-1) ?? '', 'base64').subarray(4)
  await writeFile(file(name), isRight ? note.slice(0, end) : note.slice(0, end).replace(/\d\n/, '0\n'))
  await writeFile(file('signature'), signature)
  const files = ['-inkey', file('key.pem'), '-rawin', '-in', file(name), '-sigfile', file('signature')]
  const { code, output } = await run('openssl', ['pkeyutl', '-verify', '-pubin', ...files])
  assert.equal(code === 0, isRight, output)
  assert.match(output, isRight ? /Signature Verified Successfully/ : /Signature Verification Failure/)
}

function run(command: string, args: string[], env?: Record<string, string>): Promise<{ code: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ code: number; output: string }>()
  execFile(command, args, env ? { env } : {}, (error, stdout, stderr) => {
    const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0
    resolve({ code, output: `${stdout}${stderr}` || String(error ?? '') })
  })
  return promise
}
