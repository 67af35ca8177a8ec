import { scryptSync } from 'node:crypto'
import t from 'tap'
import { isSecret, makeSecret, secretIdOf } from '../../../src/features/clients/secret.ts'
import { range } from '../../support/tally.ts'

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

t.test('few of one secret wait and few in all; whoever is too many is told at once', async (t) => {
  const [one, other] = [await makeSecret(), await makeSecret()]
  const ended = await inOrder([
    ...range(20).map((n) => isSecret(`${one.text}${n}`, one.hash)),
    isSecret(other.text, other.hash),
  ])
  t.strictSame(ended.slice(0, 10), Array(10).fill('unavailable'), 'two at work and eight waiting')
  t.strictSame(ended.slice(10).sort(), [...Array(10).fill(false), true], 'the other secret has its turn')
  const many = await Promise.all(range(10).map(makeSecret))
  const all = await inOrder(range(70).map((n) => isSecret(`${n}`, many[n % 10]?.hash)))
  t.strictSame(all.slice(0, 4), Array(4).fill('unavailable'), 'two at work and 64 waiting')
})

t.test('a secret that was right before is right at once, however many wait with wrong ones', async (t) => {
  const { text, hash } = await makeSecret()
  t.equal(await isSecret(text, hash), true)
  const wrong = range(12).map((n) => isSecret(`${text}${n}`, hash))
  t.strictSame((await inOrder([...wrong, isSecret(text, hash)])).slice(0, 3), [true, 'unavailable', 'unavailable'])
})

t.test('the same secret asked for many times at once is compared once', async (t) => {
  const { text, hash } = await makeSecret()
  t.strictSame(await inOrder(range(70).map(() => isSecret(text, hash))), Array(70).fill(true))
})

t.test('a secret of which no hash is kept costs nothing and waits for nobody', async (t) => {
  const { text, hash } = await makeSecret()
  const waiting = range(4).map((n) => isSecret(`${text}${n}`, hash).then(() => 'compared'))
  t.equal((await inOrder([...waiting, isSecret(text, undefined)]))[0], false)
})

/** What comparisons come to, in the order in which they end. */
async function inOrder(comparisons: readonly Promise<unknown>[]): Promise<unknown[]> {
  const ended: unknown[] = []
  await Promise.all(comparisons.map(async (each) => ended.push(await each.catch(({ code }) => code))))
  return ended
}
