import t from 'tap'
import { startService } from '../../support/service.ts'
import { makeWorld, must } from '../../support/world.ts'

t.test('a professional sees each export that covered a hand-over of theirs, and no other', async (t) => {
  const service = await startService(t)
  const { call } = service
  const world = await makeWorld(service)
  const [here, elsewhere] = [await world.pharmacy(1), await world.pharmacy(2)]
  const [nurse, other] = [await world.professional(1), await world.professional(2)]
  for (const place of [here, elsewhere]) must(201, await world.count(place, 100))
  must(201, await world.dispense(here, nurse.id, 1))
  must(201, await world.dispense(elsewhere, other.id, 1))
  const authority = await service.token({ role: 'regulator', subject: 'ars-occitanie', territories: ['FR-OCC'] })
  const stream = (path: string, accept: string) => call('GET', path, { token: authority, headers: { accept } })
  const seenBy = async ({ token }: { token: string }) =>
    must(200, await call('GET', '/v1/accesses/me', { token })).body.items.map(
      ({ kind, reader }: { kind: string; reader: { subject: string } }) => `${kind} by ${reader.subject}`,
    )

  must(200, await stream(`/v1/audit/dispensations?pharmacy=${here.finess}`, 'text/csv'))
  t.same(await seenBy(nurse), ['audit_export by ars-occitanie'])
  t.same(await seenBy(other), [])

  must(200, await stream('/v1/audit/dispensations', 'application/x-ndjson'))
  t.equal((await seenBy(nurse)).length, 2)
  t.same(await seenBy(other), ['audit_export by ars-occitanie'])

  must(200, await stream(`/v1/audit/dispensations?professional=${other.id}`, 'text/csv'))
  t.equal((await seenBy(nurse)).length, 2)
  t.equal((await seenBy(other)).length, 2, 'once, although it named them and covers them')
})
