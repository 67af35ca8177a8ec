import { readFile } from 'node:fs/promises'
import t from 'tap'
import { gomask } from '../support/command.ts'

interface Item {
  name: string
  item?: Item[]
  request?: { method: string; header: { key: string; value: string }[]; url: { raw: string }; body?: { raw: string } }
}

const print = async (format: string) => (await gomask(['openapi', '--as', format])).stdout
const operations = [
  ...(await readFile(new URL('../../openapi.yaml', import.meta.url), 'utf8')).matchAll(/^ {6}operationId:/gm),
].length

t.test('the example requests are printed for editors and for Postman: every operation, ready to be sent', async (t) => {
  const [http, postman] = [await print('http'), JSON.parse(await print('postman'))]
  const blocks = http.split('\n### ').slice(1)
  const requests = postman.item.flatMap(({ item }: Item) => item ?? []) as Item[]
  t.equal(blocks.length, operations)
  t.equal(requests.length, operations)
  t.notMatch(http, /undefined|\[object|\/\{/, 'every parameter has a value')
  t.strictSame(
    requests.map(({ request }) => `${request?.method} ${request?.url.raw}`),
    groupedAs(postman, blocks),
    'the same requests',
  )
  const handOver = requests.find(({ name }) => name.startsWith('Record a hand-over'))?.request
  t.match(handOver?.header, [
    { key: 'authorization', value: 'Bearer {{pharmacyToken}}' },
    { key: 'content-type', value: 'application/json' },
    { key: 'idempotency-key', value: '{{$guid}}' },
  ])
  t.match(JSON.parse(handOver?.body?.raw ?? ''), { lines: [{}] })
})

t.test('another format is refused', async (t) => {
  t.match(await gomask(['openapi', '--as', 'word']), { code: 2, stderr: /--as: must be yaml, http or postman/ })
})

/** The requests of the `.http` file in the order of the collection's folders. */
function groupedAs(postman: { item: Item[] }, blocks: string[]): (string | undefined)[] {
  const byName = new Map(blocks.map((block) => [block.split('\n')[0], block.split('\n')[1]]))
  return postman.item.flatMap(({ item }) => (item ?? []).map(({ name }) => byName.get(name)))
}
