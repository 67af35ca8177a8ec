import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DateTime } from 'luxon'
import t from 'tap'
import { signNote } from '../../src/domain/signed-note.ts'
import { readStatement, type Statement, signStatement } from '../../src/domain/statement.ts'
import { ALL, exportBundle, verify } from '../support/bundle.ts'
import { gomask } from '../support/command.ts'
import { makeSigner, publishLog } from '../support/log.ts'
import { makeFolder } from '../support/process.ts'
import { startService } from '../support/service.ts'
import { makeWorld, must } from '../support/world.ts'

const service = await startService(t)
const { call, db, signers } = service
const [signer] = signers
const world = await makeWorld(service, 10)
const [place, other] = [await world.pharmacy(1), await world.pharmacy(2)]
const [nurse, colleague] = [await world.professional(1), await world.professional(2)]
for (const each of [place, other]) must(201, await world.count(each, 100))
must(201, await world.dispense(place, nurse.id, 4))
must(201, await world.dispense(other, nurse.id, 3))
must(201, await world.dispense(place, colleague.id, 12, { override: { reasonCode: 'emergency' } }))
await publishLog(db, signer)
const early = await exportBundle(service)
must(201, await world.dispense(place, colleague.id, 1, { override: { reasonCode: 'emergency' } }))
const day = (more: number) => DateTime.now().setZone('Europe/Paris').plus({ days: more }).toISODate()
const ask = async () => {
  const path = `/v1/pharmacies/${place.finess}/statement?from=${day(-1)}&to=${day(1)}`
  return must(200, await call('GET', path, { token: place.token, headers: { accept: 'text/plain' } })).body as string
}
const ahead = await ask()
await publishLog(db, signer)
const [note, whole] = [await ask(), await exportBundle(service)]
const here = await exportBundle(service, { ...ALL, pharmacy: place.finess })

const kept = (text: string) => [{ name: 'note', note: text }]
const found = (bundle: string, text: string) => {
  const verdict = verify(bundle, { keys: signers, statements: kept(text) })
  return typeof verdict === 'string' ? verdict : verdict.stated[0]?.finding
}
/** The statement with other figures, signed with the real key. */
const resigned = (change: (statement: Statement) => void) => {
  const statement = readStatement(note, signers)
  change(statement)
  return signStatement(statement, signers)
}
const dispensed = (by: number) =>
  resigned(({ items: [item] }) => {
    if (!item) throw new Error('there is one')
    item.dispensed += by
    item.closing -= by
    for (const each of item.dispensedByProfession) each.quantity += by
  })

t.test('a statement agrees with the whole log and with its pharmacy’s part', async (t) => {
  t.equal(found(whole, note), 'its hand-overs are those of the log')
  t.equal(found(here, note), 'its hand-overs are those of the log')
  const nobody = await exportBundle(service, { ...ALL, pharmacy: other.finess })
  t.equal(found(nobody, note), 'no hand-over of this selection is left out', 'of another pharmacy nothing can be told')
})

t.test('what came after its checkpoint is not held against it, nor for it before the log must have it', async (t) => {
  t.equal(found(whole, ahead), 'its hand-overs are those of the log')
  t.match(found(early, ahead), /^it says 17 surgical handed over, and the log holds 16 so far: export again after /)
  t.match(found(early, note), 'note was made when the log had 5 entries, and the bundle ends at 4: ask for a newer one')
})

t.test('hand-overs left out, made up, or told of another log are found, though signed with the real key', async (t) => {
  t.equal(found(whole, dispensed(-1)), 'note: it says 16 surgical handed over, and the log holds 17')
  t.match(found(whole, dispensed(2)), /^it says 19 surgical handed over, and the log holds 17 so far/)
  const old = whole.replace(/"exportedAt":"\d{4}/, '"exportedAt":"2099')
  t.equal(found(old, dispensed(2)), 'note: it says 19 surgical handed over, and the log holds 17')
  const fewer = resigned((statement) => Object.assign(statement, { overrides: 1 }))
  t.equal(found(whole, fewer), 'note: it says 1 overrides, and the log holds 2')
  const elsewhere = resigned((statement) =>
    Object.assign(statement, { checkpoint: { size: 2, root: Buffer.alloc(32).toString('base64') } }),
  )
  t.match(found(whole, elsewhere), /when the statement note was signed over the first 2 entries: the history was rewri/)
})

t.test('figures that do not add up, other texts and other keys are refused', async (t) => {
  const off = resigned(({ items: [item] }) => void (item && Object.assign(item, { closing: 0 })))
  t.equal(found(whole, off), 'note: the figures of surgical do not add up')
  t.match(found(whole, note.replace('opening 0', 'opening 1')), /^note was changed after it was signed/)
  const [text = ''] = note.split('\n\n')
  for (const [from, to] of [
    ['opening 0', 'opening 00'],
    ['late 0', 'late 0\nlate 0'],
    ['between ', 'between x'],
    ['period', 'Period'],
  ] as const) {
    t.equal(found(whole, signNote(`${text.replace(from, to)}\n`, signers)), 'note is not written as a statement is', to)
  }
  t.equal(found(whole, signNote('gomask-receipt-v1\ntest\n', signers)), 'note is not a statement')
  t.match(found(whole, signStatement(readStatement(note, signers), [makeSigner()])), /^note is signed by no key/)
})

t.test('verify-ledger takes a statement with a bundle, or alone with a key', async (t) => {
  const folder = await makeFolder(t)
  const file = (name: string) => join(folder, name)
  // As an editor on Windows leaves it.
  await writeFile(file('note.txt'), note.replaceAll('\n', '\r\n'))
  await writeFile(file('forged.txt'), note.replace('dispensed 17', 'dispensed 7'))
  await writeFile(file('whole'), whole)
  const [key, statement] = [
    ['--key', signer.line],
    ['--statement', file('note.txt')],
  ]
  const [both, alone, forged, keyless, nothing] = await Promise.all(
    [
      [file('whole'), ...key, ...statement],
      [...key, ...statement],
      [...key, '--statement', file('forged.txt')],
      statement,
      key,
    ].map((args) => gomask(['verify-ledger', ...args])),
  )
  t.match(both, { code: 0, stdout: `statement   ${file('note.txt')}: its hand-overs are those of the log\n` })
  t.match(both?.stdout, 'surgical: opening 0, dispensed 17, closing 83\n')
  t.match(alone, { code: 0, stdout: `statement   ${file('note.txt')}: it adds up\n` })
  t.match(alone?.stdout, 'all 5 entries of the log were known\n')
  t.match(forged, { code: 1, stdout: '', stderr: /forged\.txt was changed after it was signed/ })
  t.match(keyless, { code: 2, stderr: '--key: required for a statement without a bundle' })
  t.match(nothing, { code: 2, stderr: 'Missing required positional argument: BUNDLE' })
})
