import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { signReceipt } from '../../src/domain/checkpoint.ts'
import { gomask, handOver } from '../support/command.ts'
import { makeHistory } from '../support/history.ts'
import { makeFolder } from '../support/process.ts'
import { startService } from '../support/service.ts'

const folder = await makeFolder(t)
const service = await startService(t)
const { signer, early, first } = await makeHistory(service)
const receipt = signReceipt(
  {
    entryHash: Buffer.from(first.entryHash, 'base64'),
    seq: first.sequence,
    recordedAt: Date.parse(first.recordedAt),
  },
  signer,
)
const bundle = join(folder, 'ledger.ndjson')
await gomask(['export-ledger', bundle], await handOver(service))
const text = await readFile(bundle, 'utf8')

async function save(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

const verify = (...args: string[]) => gomask(['verify-ledger', ...args, '--key', signer.line])

// As editors, mail and shells leave a file that they saved again; PowerShell writes UTF-16.
const crlf = (saved: string) => saved.replaceAll('\n', '\r\n')
const WAYS: Record<string, (saved: string) => string | Buffer> = {
  short: (saved) => saved.trimEnd(),
  long: (saved) => `${saved}\n`,
  longer: (saved) => `${saved}\n \n\n`,
  windows: crlf,
  mark: (saved) => `\ufeff${saved}`,
  all: (saved) => `\ufeff${crlf(saved)}\r\n`,
}
const utf16 = (saved: string) => Buffer.from(`\ufeff${crlf(saved)}`, 'utf16le')

t.test('checkpoints and receipts that a tool saved again are read as they were signed', async (t) => {
  const options: string[] = []
  for (const [way, again] of Object.entries({ ...WAYS, utf16 })) {
    options.push('--checkpoint', await save(`checkpoint-${way}.txt`, again(early)))
    options.push('--receipt', await save(`receipt-${way}.txt`, again(receipt)))
  }
  const { code, stdout, stderr } = await gomask([
    'verify-ledger',
    bundle,
    ...options,
    '--key',
    `\ufeff${signer.line}\r`,
  ])
  t.equal(code, 0, stderr)
  t.equal(stdout.match(/: kept, /g)?.length, 7)
})

t.test('a bundle that a tool saved again verifies', async (t) => {
  for (const way of ['short', 'all']) {
    const { code, stderr } = await verify(await save(`${way}.ndjson`, WAYS[way]?.(text) ?? ''))
    t.equal(code, 0, `${way}: ${stderr}`)
  }
})

t.test('a kept file that proves nothing exits 2 and says what is wrong with it, not with the ledger', async (t) => {
  const wrong = [
    ['--checkpoint', early.replace(/\n\d+\n/, '\n3\n'), /0\.txt was changed after it was signed/],
    ['--checkpoint', early.slice(0, early.indexOf('\n\n')), /1\.txt is not a signed note: it has no signature/],
    ['--checkpoint', early.trimEnd().slice(0, -9), /2\.txt has a signature that cannot be read/],
    ['--checkpoint', receipt, /3\.txt is not a checkpoint/],
    ['--receipt', early, /4\.txt is not a receipt/],
    ['--receipt', '', /5\.txt is not a signed note/],
    ['--receipt', Buffer.from([0xe9, 0x0a]), /6\.txt is not text in UTF-8/],
    ['--checkpoint', early.replaceAll('gomask.test', 'elsewhere'), /7\.txt is signed by no key that is known here/],
  ] as const
  const answers = await Promise.all(
    wrong.map(async ([option, content], nth) => verify(bundle, option, await save(`${nth}.txt`, content))),
  )
  for (const [nth, [, , said]] of wrong.entries()) {
    t.match(answers[nth], { code: 2, stdout: '', stderr: said })
    t.notMatch(answers[nth]?.stderr, /does not verify/)
  }
})

t.test('a bundle whose lines cannot be read exits 2 and says where; one that says otherwise exits 1', async (t) => {
  const cut = await verify(await save('cut.ndjson', text.slice(0, -100)))
  t.match(cut, { code: 2, stdout: '', stderr: 'cut.ndjson cannot be read: entry 9: it breaks off in the middle' })
  const garbled = await verify(await save('garbled.ndjson', text.replace('{"index":4,', '{"index:4,')))
  t.match(garbled, { code: 2, stderr: 'garbled.ndjson cannot be read: entry 4: it is not JSON' })
  const edited = await verify(await save('edited.ndjson', text.replace('"quantity":2,', '"quantity":90,')))
  t.match(edited, { code: 1, stderr: 'edited.ndjson does not verify: entry 2' })
})
