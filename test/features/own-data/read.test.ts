import { createHash, createHmac } from 'node:crypto'
import t from 'tap'
import { applyRetention } from '../../../src/jobs/retention.ts'
import { rpps } from '../../support/numbers.ts'
import { makePeople, ZEPHIRINE } from '../../support/own-data.ts'
import { checksBy, sealedHandOver } from '../../support/past.ts'
import { startService } from '../../support/service.ts'
import { must } from '../../support/world.ts'

const CONTROLLER = { CONTROLLER_NAME: 'ARS Occitanie', CONTROLLER_CONTACT: 'dpo@ars.example' }

const service = await startService(t, CONTROLLER)
const { call, db } = service
const { world, place, nurse, colleague, numbers } = await makePeople(service)
const read = (token: string | undefined) => call('GET', '/v1/professionals/me/data', { token })

interface Entry {
  kind: string
  entryHash: string
  canonical: string
  payload: string | null
  salt: string | null
}

t.test('200: a file to keep, with who answers for it and for how long it is kept', async (t) => {
  const { body, headers } = must(200, await read(nurse.token))
  t.equal(headers['content-disposition'], 'attachment; filename="gomask-data.json"')
  t.equal(headers['cache-control'], 'no-store')
  t.match(body, {
    format: 'gomask-subject-data-v1',
    controller: { name: 'ARS Occitanie', contact: 'dpo@ars.example' },
    retention: {
      ledgerDays: 1095,
      nameDays: 1095,
      accessDays: 365,
      refusalDays: 1095,
      reservationDays: 1095,
      eventDays: 30,
      answerDays: 30,
    },
  })
})

t.test('200: all records that were merged, whichever number is asked with', async (t) => {
  const { body } = must(200, await read(nurse.token))
  t.match(body.records, [
    { numbers: [numbers[0]], ...ZEPHIRINE, practice: { latitude: 43.612345, territory: 'FR-31' }, mergedInto: null },
    { numbers: [numbers[1]], ...ZEPHIRINE, mergedInto: body.records[0].person },
  ])
  t.same(body.entries.map(({ kind }: Entry) => kind).sort(), [
    'dispensation',
    'dispensation',
    'link',
    'link',
    'reversal',
  ])
  t.match(body.reservations, [
    { quantity: 3, status: 'held', pickupCode: /^\S{6,}$/ },
    { quantity: 2, status: 'cancelled', pickupCode: null, cancellationReason: 'damaged' },
  ])
  t.match(body.refusals, [{ verb: 'dispensation', code: 'entitlement_exceeded', operator: 'counter-2', cap: 20 }])
  t.match(
    body.accesses.map(({ kind }: { kind: string }) => kind),
    ['reservation', 'professional', 'history', 'reservation', 'refusal'],
  )
  const older = await service.token({ role: 'professional', subject: numbers[1] ?? '' })
  const { exportedAt: _, ...same } = must(200, await read(older)).body
  t.match(body, same)
})

t.test('200: whoever reads it can verify every entry, to the operator’s word at the counter', async (t) => {
  const { entries } = must(200, await read(nurse.token)).body as { entries: Entry[] }
  for (const { canonical, entryHash, payload, salt } of entries) {
    t.equal(createHash('sha256').update(`\0${canonical}`).digest('base64'), entryHash)
    const commitment = createHmac('sha256', Buffer.from(salt ?? '', 'base64'))
      .update(payload ?? '')
      .digest('base64')
    t.equal(JSON.parse(canonical).at(-1), commitment)
  }
  const overridden = entries.find(({ payload }) => payload?.includes('Afflux'))
  t.match(JSON.parse(overridden?.payload ?? ''), { professional: nurse.id, operator: 'counter-2', override: {} })
})

t.test('200: nothing of anybody else', async (t) => {
  const [mine, theirs] = [must(200, await read(nurse.token)).body, must(200, await read(colleague.token)).body]
  const ids = (text: unknown) => new Set(JSON.stringify(text).match(/[0-9a-f]{8}-[0-9a-f-]{27}/g))
  const rules = ids((await call('GET', '/v1/allocation-rules', { token: nurse.token })).body)
  // A list of a pharmacy's is one access to all on it.
  const lists = ids(mine.accesses.slice(0, 1))
  const shared = [...ids(mine)].filter((id) => ids(theirs).has(id) && !rules.has(id) && !lists.has(id))
  t.same(shared, [], 'the two have no id in common but the rule’s')
  t.notMatch(JSON.stringify(mine), new RegExp(`${colleague.id}|Trentesous|Afflux ${colleague.id.slice(-4)}`))
  t.notMatch(JSON.stringify(mine), new RegExp(`till-${place.finess}`), 'nor the name of a till')
})

t.test('200: however much there is, each once', async (t) => {
  const busy = await world.professional(3)
  await checksBy(db, place.finess, { people: 250, professional: busy.id, daysAgo: 1 })
  for (let n = 0; n < 103; n++) {
    await sealedHandOver(db, { pharmacy: place.finess, professional: busy.id, daysAgo: 10 })
  }
  const { body } = must(200, await read(busy.token))
  t.equal(new Set(body.accesses.map(({ id }: { id: string }) => id)).size, 250)
  t.equal(body.accesses.length, 250)
  t.equal(new Set(body.entries.map(({ id }: { id: string }) => id)).size, 103)
  t.equal(body.entries.length, 103)
})

t.test('200: after its retention an entry is there without what named the person', async (t) => {
  const old = await world.professional(4)
  await sealedHandOver(db, { pharmacy: place.finess, professional: old.id, daysAgo: 1_100 })
  t.match(await applyRetention(db, service.config), { histories: 1 })
  t.match(must(200, await read(old.token)).body.entries, [
    { kind: 'erasure', payload: /"authority":"retention"/ },
    { kind: 'dispensation', professional: null, payload: null, salt: null },
  ])
})

t.test('401 without a token, 403 for every other role, 404 for whom the directory does not know', async (t) => {
  t.equal((await read(undefined)).status, 401)
  for (const token of [place.token, world.regulator, world.admin]) t.equal((await read(token)).status, 403)
  const stranger = await service.token({ role: 'professional', subject: rpps(999) })
  t.match(await read(stranger), { status: 404, body: { code: 'not_found' } })
})

t.test('400: it takes no parameters', async (t) => {
  const answer = await call('GET', '/v1/professionals/me/data?professional=1', { token: nurse.token })
  t.match(answer, { status: 400, body: { detail: /professional/ } })
})
