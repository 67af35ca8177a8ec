import { rfc3339, type SQL, sql } from '../db/sql.ts'

/** Whether a pharmacy p takes reservations by its own notice: an expression that is false or null if it does not. */
export const takesReservations = (at: SQL): SQL => sql`(p.takes_reservations or p.service_until <= ${at})`

/** Whether a pharmacy p serves anybody by its own notice, who has reserved or not; false or null if it does not. */
export const servesAnybody = (at: SQL): SQL =>
  sql`(p.takes_reservations or p.takes_walk_ins or p.service_until <= ${at})`

/** Whether a pharmacy p hands nothing out for now by its own notice, or says that there is nothing to have. */
export const handsNothingOut = (at: SQL): SQL => sql`(not coalesce(${servesAnybody(at)}, false)
  or coalesce(p.service_reason in ('sold_out', 'not_taking_part') and coalesce(p.service_until > ${at}, true), false))`

/** The notice of a pharmacy p as JSON, as answers show it; null if there is none, or it has ended. */
export const shownNotice = (at: SQL): SQL => sql`case
  when p.service_until <= ${at} then null
  when p.takes_reservations and p.takes_walk_ins
    and num_nonnulls(p.service_reason, p.service_until, p.hand_over_hours, p.service_note) = 0 then null
  else json_build_object('reservations', p.takes_reservations, 'walkIns', p.takes_walk_ins, 'reason', p.service_reason,
    'until', ${rfc3339(sql`p.service_until`)}, 'handOverHours', p.hand_over_hours, 'note', p.service_note) end`
