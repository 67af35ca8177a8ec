import t from 'tap'
import { startService } from '../../support/service.ts'

const service = await startService(t)
const regulator = await service.token({ role: 'regulator', subject: 'ars', territories: ['FR-31'] })
const list = (query: string, token = regulator) => service.call('GET', `/v1/territories${query}`, { token })

t.test('200: a regulator reads every territory, page by page, with its parent and time zone', async (t) => {
  const first = await list('?limit=100')
  const rest = await list(`?limit=100&cursor=${first.body.nextCursor}`)
  const items: { code: string; parent: string | null }[] = [...first.body.items, ...rest.body.items]
  t.equal(rest.body.nextCursor, null)
  t.equal(new Set(items.map(({ code }) => code)).size, items.length)
  t.strictSame(items[0], { code: 'FR', name: 'France', kind: 'country', parent: null, timeZone: 'Europe/Paris' })
  t.match(
    items.find(({ code }) => code === 'FR-974'),
    { name: 'La Réunion', kind: 'department', parent: 'FR', timeZone: 'Indian/Reunion' },
  )
  t.ok(items.every(({ parent }) => parent === null || items.some(({ code }) => code === parent)))
})

t.test('400: a limit of 0 is refused', async (t) => {
  t.match(await list('?limit=0'), { status: 400, body: { errors: [{ path: 'limit' }] } })
})

t.test('401 without a token, 403 for other roles', async (t) => {
  t.equal((await service.call('GET', '/v1/territories')).status, 401)
  t.equal((await list('', await service.token({ role: 'admin', subject: 'admin' }))).status, 403)
})
