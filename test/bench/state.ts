import pg from 'pg'
import { until } from '../support/until.ts'
import type { Callers } from './callers.ts'

const SETTLED_WITHIN_MS = 300_000

/** A reservation that stands ready to be collected, the turnth of many. */
export interface Ready {
  id: string
  pickupCode: string
  counter: number
  professional: number
}

/** How reservations are numbered, for the program and for pgbench alike: by the turn alone. */
export function readyReservation(turn: number, { counters, professionals }: Callers): Ready {
  const hex = turn.toString(16).padStart(12, '0')
  return {
    id: `00000000-0000-7000-8001-${hex}`,
    pickupCode: `${hex.slice(4, 8)}-${hex.slice(8)}`.toUpperCase(),
    counter: turn % counters.length,
    professional: (Math.floor(turn / counters.length) + turn) % professionals.length,
  }
}

/** Takes all reservations away: a run begins with none. */
export async function emptyHolds(url: string): Promise<void> {
  await run(url, ['truncate reservations', 'update stock set held = 0 where held > 0', 'vacuum stock'])
}

/** Puts so many reservations up to be collected, and none else. */
export async function readyHolds(url: string, many: number, callers: Callers): Promise<void> {
  await emptyHolds(url)
  const [counters, professionals] = [
    callers.counters.map(({ finess }) => finess),
    callers.professionals.map(({ id }) => id),
  ]
  await run(url, [
    [
      `insert into reservations (id, person_id, pharmacy, product, quantity, pickup_code, status, created_at, expires_at)
       select ('00000000-0000-7000-8001-' || hex)::uuid,
         ($2::uuid[])[1 + (turn / cardinality($1::text[]) + turn) % cardinality($2::uuid[])], ($1::text[])[1 + turn % cardinality($1::text[])],
         'surgical', 1, upper(substr(hex, 5, 4) || '-' || substr(hex, 9)), 'held', now(), now() + interval '24 hours'
       from (select turn, lpad(to_hex(turn), 12, '0') as hex from generate_series(0, $3::int - 1) as turn) as turns`,
      [counters, professionals, many],
    ],
    `update stock s set held = found.held from (
       select pharmacy, product, sum(quantity)::int as held from reservations group by 1, 2) as found
     where s.pharmacy = found.pharmacy and s.product = found.product`,
    'vacuum analyze reservations',
    'vacuum stock',
  ])
}

/** Waits until the service has given every entry its place in the log: what one run leaves must not burden the next. */
export async function settle(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await until(
      'entries wait for their place in the log',
      async () => {
        const { rows } = await client.query('select exists (select from log_pending) as pending')
        return !rows[0].pending
      },
      SETTLED_WITHIN_MS,
    )
  } finally {
    await client.end()
  }
}

/** Does some work while a table's trigger is off; where none is named, just does it. */
export async function withoutTrigger<T>(
  url: string,
  trigger: readonly [table: string, name: string] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (!trigger) return work()
  const [table, name] = trigger
  await run(url, [`alter table ${table} disable trigger ${name}`])
  try {
    return await work()
  } finally {
    await run(url, [`alter table ${table} enable trigger ${name}`])
  }
}

/** Updates of rows, and how many of them were HOT: without a new entry in any index. */
export interface Updates {
  all: number
  hot: number
}

/** The updates of stock so far. */
export async function stockUpdates(url: string): Promise<Updates> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  // Sessions tell what they did at most once a second.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const { rows } = await client.query(
    `select n_tup_upd::float8 as all, n_tup_hot_upd::float8 as hot from pg_stat_user_tables where relname = 'stock'`,
  )
  await client.end()
  return rows[0]
}

async function run(url: string, statements: (string | [string, unknown[]])[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (const statement of statements) {
    if (typeof statement === 'string') await client.query(statement)
    else await client.query(...statement)
  }
  await client.end()
}
