import { inTransaction } from '../../db/transaction.ts'
import { singleMaskLines } from '../../domain/packs.ts'
import { pharmacyOfThing } from '../../http/caller.ts'
import { effect, keyedWriteHeaders, operatorHeader, operatorOf } from '../../http/effects.ts'
import { problems } from '../../http/problems.ts'
import type { App, Deps } from '../../http/service.ts'
import { namedReader } from '../../http/vouchers.ts'
import { packMemory, type WithPacks } from '../../store/packs.ts'
import { check } from './check.ts'
import { counterLimits } from './counter-limits.ts'
import { dispense } from './dispense.ts'
import { pharmacyOfEntry } from './queries.ts'
import { notFound, readRoutes } from './read-routes.ts'
import { keptWithEntry, recording } from './recorded.ts'
import { reverse } from './reverse.ts'
import {
  checkRefusals,
  check as checkSchema,
  dispensation,
  dispensationBody,
  entryParams,
  handOverRefusals,
  reversalBody,
  reversalRefusals,
} from './schema.ts'

/** Hand-overs at the counter: to check, record, take back and read. */
export async function dispensationRoutes(app: App, deps: Deps): Promise<void> {
  const withPacks = packMemory()
  dispenseRoute(app, deps, withPacks)
  checkRoute(app, deps, withPacks)
  reversalRoute(app, deps, withPacks)
  readRoutes(app, deps)
}

function dispenseRoute(app: App, deps: Deps, withPacks: WithPacks): void {
  const {
    db,
    config,
    signers: [signer],
  } = deps
  const readNamed = namedReader(deps)
  app.post(
    '/v1/dispensations',
    {
      config: { policy: { scope: 'dispensations:write', pharmacy: 'acting' } },
      schema: {
        operationId: 'dispense',
        tags: ['dispensations'],
        summary: 'Record a hand-over to an identified professional',
        description:
          'All lines or none. Judged by the rule in force, over what the professional has received since the window began, at all pharmacies, and holds now.',
        headers: keyedWriteHeaders,
        body: dispensationBody,
        response: {
          201: dispensation,
          ...problems(401, 403, 404, 'dispensed_at_out_of_range', ...handOverRefusals, 413, 415, 422),
        },
      },
    },
    async (request, reply) => {
      const { pharmacy, body } = request
      const limits = { ...counterLimits(config), operator: operatorOf(request), signer }
      const kept = keptWithEntry(body.professional)
      const named = await readNamed(body.reservations)
      return effect(request, reply, { ...recording(request), db, pharmacy, kept }, (tx) =>
        withPacks(tx, body.lines, async (facts) =>
          dispense(tx, pharmacy, { ...body, reservations: named(), lines: singleMaskLines(body.lines, facts) }, limits),
        ),
      )
    },
  )
}

function checkRoute(app: App, deps: Deps, withPacks: WithPacks): void {
  const { db, config } = deps
  const readNamed = namedReader(deps)
  app.post(
    '/v1/dispensation-checks',
    {
      config: { policy: { scope: 'dispensations:read', pharmacy: 'acting' } },
      schema: {
        operationId: 'checkDispensation',
        tags: ['dispensations'],
        summary: 'Ask what a hand-over would be answered',
        description: 'Changes nothing, and is recorded as a reading of the professional’s history.',
        headers: operatorHeader,
        body: dispensationBody,
        response: {
          200: checkSchema,
          ...problems(401, 403, 404, 'dispensed_at_out_of_range', ...checkRefusals, 413, 415),
        },
      },
    },
    // Not an effect with a key: a replayed answer would be an unrecorded reading.
    async (request) => {
      const { pharmacy, caller, body } = request
      const context = { ...counterLimits(config), operator: operatorOf(request), subject: caller.subject }
      const named = await readNamed(body.reservations)
      const checked = await inTransaction(db, (tx) =>
        withPacks(tx, body.lines, async (facts) =>
          check(tx, pharmacy, { ...body, reservations: named(), lines: singleMaskLines(body.lines, facts) }, context),
        ),
      )
      if (checked.code === 'pickup_code_wrong') request.refused = { kind: 'pickup_code_wrong' }
      return checked
    },
  )
}

function reversalRoute(app: App, { db, signers: [signer] }: Deps, withPacks: WithPacks): void {
  app.post(
    '/v1/dispensations/:id/reversal',
    {
      config: { policy: { scope: 'dispensations:write', pharmacy: 'own' } },
      schema: {
        operationId: 'reverseDispensation',
        tags: ['dispensations'],
        summary: 'Take a dispensation back, or part of it',
        description:
          'A new entry gives stock and, in the original’s window, entitlement back; the original entry stays. An `entry_error` moves no stock where a count taken after the hand-over has seen the masks already; `returned` always does.',
        params: entryParams,
        headers: keyedWriteHeaders,
        body: reversalBody,
        response: { 201: dispensation, ...problems(401, 403, 404, ...reversalRefusals, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      const pharmacy = await pharmacyOfThing(caller, body.pharmacy, (own) => pharmacyOfEntry(db, own, params.id))
      if (pharmacy === undefined) throw notFound()
      return effect(request, reply, { ...recording(request), db, pharmacy, kept: keptWithEntry() }, async (tx) => {
        const writing = { operator: operatorOf(request), signer }
        const reversed = await withPacks(tx, body.lines ?? [], async (facts) =>
          reverse(
            tx,
            { id: params.id, pharmacy },
            { ...body, lines: body.lines && singleMaskLines(body.lines, facts) },
            writing,
          ),
        )
        if (!reversed) throw notFound()
        return reversed
      })
    },
  )
}
