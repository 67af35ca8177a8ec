import { readClock } from '../../db/clock.ts'
import type { Transaction } from '../../db/database.ts'
import { rows } from '../../db/query.ts'
import { sql, timestamp } from '../../db/sql.ts'
import { type Effects, endingEffects } from '../../domain/effects.ts'
import { serviceEvent } from '../../domain/event-records.ts'
import { iso } from '../../domain/instant.ts'
import type { Text } from '../../domain/language.ts'
import { noSuch } from '../../domain/named.ts'
import { invalid } from '../../domain/refusals.ts'
import { writeEffects } from '../../store/effects.ts'
import { cancelledHolds, lockShelvesAt } from './cancel-holds.ts'
import type { Service, ServiceBody } from './service-schema.ts'

const over: Text = { en: 'must lie ahead', fr: 'doit être dans l’avenir' }

/**
 * Puts a pharmacy's notice in the place of the one before. Its shelves are locked whether reservations there end or
 * not: one that is being made has locked its own, so once this is acknowledged, none is made that the notice forbids.
 */
export async function putService(
  tx: Transaction,
  finess: string,
  { liveHolds, ...notice }: ServiceBody,
): Promise<Service> {
  // In one flush.
  const [put, ended] = await Promise.all([
    writeNotice(tx, finess, notice),
    liveHolds === 'cancel' ? cancelledHolds(tx, finess, 'reservations_closed') : nothingEnded(tx, finess),
  ])
  if (!put) throw noSuch('pharmacy')
  if (notice.until !== undefined && notice.until <= ended.at) throw invalid('until', over)
  const { reservations, walkIns, reason = null, until, handOverHours = null, note = null } = notice
  const shown = { reservations, walkIns, reason, until: until === undefined ? null : iso(until), handOverHours, note }
  writeEffects(tx, { ...ended, events: [...ended.events, serviceEvent(finess, shown)] })
  return shown
}

async function nothingEnded(tx: Transaction, finess: string): Promise<Effects> {
  const [shelves, at] = await Promise.all([lockShelvesAt(tx, finess), readClock(tx)])
  return endingEffects(at, shelves, [])
}

async function writeNotice(tx: Transaction, finess: string, notice: Omit<ServiceBody, 'liveHolds'>): Promise<boolean> {
  const { reservations, walkIns, reason = null, until = null, handOverHours = null, note = null } = notice
  const found = await rows(
    tx,
    'write_service_notice',
    sql`update pharmacies set takes_reservations = ${reservations}::boolean, takes_walk_ins = ${walkIns}::boolean,
          service_reason = ${reason}, service_until = ${timestamp(until)}, hand_over_hours = ${handOverHours},
          service_note = ${note}
        where finess = ${finess} returning 1`,
  )
  return found.length > 0
}
