import { rfc3339, type SQL, sql } from '../../db/sql.ts'
import { type From, placeOf } from '../../store/nearest.ts'
import { takesReservations } from '../../store/service-notices.ts'
import type { Reservation } from './schema.ts'

/** A pharmacy at which masks may be set aside, and its distance; null if there is no practice to measure from. */
export type Place = Reservation['pharmacy'] & {
  active: boolean
  /** By its own notice. */
  takesReservations: boolean
  /** RFC 3339: when its notice ends by itself. */
  noticeUntil: string | null
  distanceMetres: number | null
}

/** The statement that returns a named pharmacy's Place. */
export function placeQuery(finess: string, from: From): SQL {
  return sql`
    select finess, name, address, status = 'active' as active, ${takesReservations(sql`clock_timestamp()`)} is true as "takesReservations",
      ${rfc3339(sql`service_until`)} as "noticeUntil", ST_Y(location::geometry) as latitude,
      ST_X(location::geometry) as longitude, round(ST_Distance(location, ${placeOf(from)}))::int as "distanceMetres"
    from pharmacies p where finess = ${finess}`
}
