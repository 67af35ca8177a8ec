import type { Queryable } from '../../db/database.ts'
import { row } from '../../db/query.ts'
import { instant, type SQL, sql, texts, timestamp } from '../../db/sql.ts'
import { type Instant, iso } from '../../domain/instant.ts'
import { type Reading, recordingList, recordingOne } from '../../store/accesses.ts'
import { type ListFilter, listed, matching } from '../../store/filters.ts'
import { recordsOf } from '../../store/persons.ts'
import type { Reservation } from './schema.ts'

interface Row {
  id: string
  /** Only where the reading is recorded. */
  personId?: string
  product: string
  quantity: number
  pharmacy: Reservation['pharmacy']
  distanceMetres: number | null
  pickupCode: string
  label: string | null
  createdAt: Instant
  expiresAt: Instant
  status: Reservation['status']
  collectedQuantity: number | null
  cancellationReason: string | null
  operator?: string | null
}

// A hold that has reached its expiresAt is expired, whether or not a job has ended it yet.
const status = sql`case when r.status = 'held' and r.expires_at <= clock_timestamp() then 'expired' else r.status end`

const columns = sql`
  r.id, r.product, r.quantity, r.distance_metres as "distanceMetres", r.pickup_code as "pickupCode", r.label, ${status} as status,
  json_build_object('finess', p.finess, 'name', p.name, 'address', p.address,
    'latitude', ST_Y(p.location::geometry), 'longitude', ST_X(p.location::geometry)) as pharmacy,
  ${instant(sql`r.created_at`)} as "createdAt", ${instant(sql`r.expires_at`)} as "expiresAt",
  r.collected_quantity as "collectedQuantity", r.cancellation_reason as "cancellationReason"`

// Who handed the masks over, which their pharmacy alone is shown.
const collector = sql`(
  select convert_from(payload, 'UTF8')::json ->> 'operator' from ledger_payloads where entry_id = r.collected_by)`

const ofPerson = (identifier: string): SQL => sql`r.person_id in ${recordsOf(identifier)}`

/** Whose reservations: a professional's own, with the codes, or those at one of some pharmacies. */
export type Owner = { professional: string } | { pharmacies: string[] }

/** A condition over reservations r: it belongs to the owner. */
export function isOf(owner: Owner): SQL {
  return 'professional' in owner ? ofPerson(owner.professional) : sql`r.pharmacy = any (${texts(owner.pharmacies)})`
}

/** One reservation, or undefined if it is not the owner's. The reading is recorded, attempts included. */
export async function findReservation(
  db: Queryable,
  owner: Owner,
  id: string,
  reading?: Reading,
): Promise<Reservation | undefined> {
  if ('professional' in owner) {
    const own = await row<Row>(
      db,
      'find_reservation_of_professional',
      sql`select ${columns} from reservations r join pharmacies p on p.finess = r.pharmacy
          where r.id = ${id}::uuid and ${isOf(owner)}`,
    )
    return own && view(own, true)
  }
  const isTheirs = isOf(owner)
  const found = await row<Row>(
    db,
    `find_reservation_at_pharmacy${reading ? '_recorded' : ''}`,
    sql`${reading ? recordingOne(reading, { reservation: id }, isTheirs) : sql``}
        select ${columns}, ${collector} as operator from reservations r join pharmacies p on p.finess = r.pharmacy
        where r.id = ${id}::uuid and ${isTheirs}`,
  )
  return found && view(found, false)
}

/** Which of an owner's reservations are listed. */
type ReservationFilter = ListFilter & { status?: string | undefined }

/** An owner's reservations, newest first after a position, one more than a page. A pharmacy's reading is recorded. */
export async function listReservations(
  db: Queryable,
  owner: { professional: string } | { pharmacy: string; reading: Reading },
  filter: ReservationFilter,
  { before, limit }: { before: string | null; limit: number },
): Promise<Reservation[]> {
  const selection = sql`
    and r.id < coalesce(${before}::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ${matching(filter, {
      from: (from) => sql`r.created_at >= ${timestamp(from)}`,
      to: (to) => sql`r.created_at < ${timestamp(to)}`,
      product: (product) => sql`r.product = ${product}`,
      status: (wanted) => sql`${status} = ${wanted}`,
      operator: (operator) => sql`${collector} = ${operator}`,
    })}
    order by r.id desc limit ${limit + 1}::int`
  const found =
    'professional' in owner
      ? await listed<Row>(
          db,
          'list_reservations_of_professional',
          filter,
          sql`select ${columns} from reservations r join pharmacies p on p.finess = r.pharmacy
              where ${ofPerson(owner.professional)} ${selection}`,
        )
      : await listed<Row>(
          db,
          'list_reservations_at_pharmacy',
          filter,
          recordingList(
            owner.reading,
            sql`select ${columns}, ${collector} as operator, r.person_id as "personId"
                from reservations r join pharmacies p on p.finess = r.pharmacy where r.pharmacy = ${owner.pharmacy} ${selection}`,
            limit,
            sql`order by id desc`,
          ),
        )
  return found.map((each) => view(each, 'professional' in owner))
}

/** The live reservation with a code at a pharmacy. The reading is recorded. */
export async function findByCode(
  db: Queryable,
  pharmacy: string,
  pickupCode: string,
  reading: Reading,
): Promise<Reservation | undefined> {
  const found = await row<Row>(
    db,
    'find_reservation_by_code',
    recordingList(
      reading,
      sql`select ${columns}, r.person_id as "personId" from reservations r join pharmacies p on p.finess = r.pharmacy
          where r.pharmacy = ${pharmacy} and r.pickup_code = ${pickupCode} and r.status = 'held' and r.expires_at > clock_timestamp()`,
      1,
      sql``,
    ),
  )
  return found && view(found, false)
}

/** What a pharmacy has of a product that no live reservation holds. */
export async function availableAt(db: Queryable, pharmacy: string, product: string): Promise<number> {
  const found = await row<{ available: number }>(
    db,
    'available_at',
    sql`select (s.on_hand - s.held + (
          select coalesce(sum(quantity), 0) from reservations r where r.pharmacy = s.pharmacy and r.product = s.product
            and r.status = 'held' and r.expires_at <= clock_timestamp()))::int as available
        from stock s where s.pharmacy = ${pharmacy} and s.product = ${product}`,
  )
  return found?.available ?? 0
}

// The code is the professional's to show, and the distance would tell the pharmacy whose practice is that far away.
function view(found: Row, isOwn: boolean): Reservation {
  const {
    personId: _,
    pickupCode,
    distanceMetres,
    label,
    collectedQuantity,
    cancellationReason,
    operator,
    ...rest
  } = found
  return {
    ...rest,
    createdAt: iso(found.createdAt),
    expiresAt: iso(found.expiresAt),
    ...(isOwn && { pickupCode, distanceMetres }),
    ...(label !== null && { label }),
    ...(collectedQuantity !== null && { collectedQuantity }),
    ...(cancellationReason !== null && { cancellationReason }),
    ...(operator && { operator }),
  }
}
