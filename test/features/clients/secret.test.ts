import { scryptSync } from 'node:crypto'
import t from 'tap'
import { isSecret, makeSecret, secretIdOf } from '../../../src/features/clients/secret.ts'
import { range } from '../../support/tally.ts'

const TOLD_AT_ONCE = Array(4).fill('unavailable')

t.test('a secret is one of its own, names its id, and is what was kept', async (t) => {
  const [one, other] = [await makeSecret(), await makeSecret()]
  t.equal(secretIdOf(one.text), one.id)
  t.equal(Buffer.from(one.text.split('.')[1] ?? '', 'base64url').length, 32)
  t.not(one.text.split('.')[1], other.text.split('.')[1])
  t.notMatch(one.hash, one.text.split('.')[1] as string)
  t.strictSame([await isSecret(one.text, one.hash), await isSecret(other.text, one.hash)], [true, false])
  t.equal(await isSecret(one.text, undefined), false)
})

t.test('the cost stands in what is kept: a secret hashed at another cost goes on working', async (t) => {
  const { text } = await makeSecret()
  const salt = Buffer.from('sixteen bytes ok')
  const key = scryptSync(text, salt, 32, { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 })
  const hash = `scrypt$32768$8$1$${salt.toString('base64')}$${key.toString('base64')}`
  t.strictSame([await isSecret(text, hash), await isSecret(`${text}x`, hash)], [true, false])
})

t.test(
  'few are compared at a time and few wait; whoever is too many is told at once, and afterwards all is well',
  async (t) => {
    const { text, hash } = await makeSecret()
    t.same(await outcomesOf(text, hash), [...TOLD_AT_ONCE, ...Array(66).fill(true)], 'two at work and 64 waiting')
    t.equal(await isSecret(text, hash), true)
  },
)

t.test('where no hash is kept, a secret is compared in the same queue, and waits as long for its turn', async (t) => {
  const { text } = await makeSecret()
  t.same(await outcomesOf(text, undefined), [...TOLD_AT_ONCE, ...Array(66).fill(false)])
})

/** What 70 comparisons at once come to, in the order in which they end. */
async function outcomesOf(text: string, hash: string | undefined): Promise<unknown[]> {
  const ended: unknown[] = []
  const comparisons = range(70).map(() => isSecret(text, hash).catch(({ code }) => code))
  await Promise.all(comparisons.map(async (comparison) => ended.push(await comparison)))
  return ended
}
