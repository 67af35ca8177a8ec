import { readFile } from 'node:fs/promises'
import t from 'tap'
import { linesOf, verify } from '../support/bundle.ts'

// The whole log of a service of 0.4.0, and a checkpoint that was kept when it had four entries.
const bundle = await readFile('test/data/ledger-0.4.0.ndjson', 'utf8')
const checkpoints = [{ name: 'kept', note: await readFile('test/data/checkpoint-0.4.0.txt', 'utf8') }]

t.test('a bundle of the first format, with entries of the first version, verifies as ever', async (t) => {
  const { header, entries } = linesOf(bundle)
  t.equal(header.format, 'gomask-bundle-v1')
  for (const { canonical } of entries) t.match(canonical, /^\["gomask-entry-v1",/)
  t.match(verify(bundle, { checkpoints }), { newest: { size: 9 }, earlier: 1, records: 0, erased: 0 })
})

t.test('and what is edited in it is found as ever', async (t) => {
  const sealed = bundle.replace('\\"surgical\\",4', '\\"surgical\\",5')
  t.match(verify(sealed), /^entry 0: its sealed bytes were changed/)
  t.match(
    verify(bundle.replace('"quantity":2,', '"quantity":90,')),
    /^entry 1: .*lines\[0\]\.quantity: 90 stored, 2 sealed/,
  )
})
