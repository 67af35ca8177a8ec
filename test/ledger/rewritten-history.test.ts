import t from 'tap'
import { ALL, exportBundle, linesOf, verify } from '../support/bundle.ts'
import { makeHistory } from '../support/history.ts'
import { rewriteHistory } from '../support/rewrite.ts'
import { startService } from '../support/service.ts'

t.test('a history rewritten and signed again with the real key is found by whoever kept a checkpoint', async (t) => {
  const service = await startService(t)
  const { signer, early, newest } = await makeHistory(service)
  const honest = await exportBundle(service)
  await rewriteHistory(service, signer)
  const forged = await exportBundle(service)
  t.equal(linesOf(forged).entries[1]?.columns.lines[0]?.quantity, 5)
  t.match(verify(forged), { newest: { size: 10 } }, 'by itself it is without a fault')
  for (const [name, note, last] of [
    ['early.txt', early, 4],
    ['newest.txt', newest, 9],
  ] as const) {
    t.match(verify(honest, { checkpoints: [{ name, note }] }), { newest: { size: 10 } })
    t.equal(
      verify(forged, { checkpoints: [{ name, note }] }),
      `entry 0: it, or one up to entry ${last}, is not what the log held when your checkpoint ${name} was signed over the first ${last + 1} entries: the history was rewritten`,
    )
  }
  const selection = await exportBundle(service, ALL)
  t.match(
    verify(selection, { checkpoints: [{ name: 'newest.txt', note: newest }] }),
    /^the history was rewritten: your checkpoint newest.txt has another root than the bundle’s of 10 entries/,
  )
  t.match(
    verify(selection, { checkpoints: [{ name: 'early.txt', note: early }] }),
    /^your checkpoint early.txt counts 5 entries, and no checkpoint in this selection does: .*consistency-proof\?from=5&to=10$/,
  )
})
