import { Name, Param, SQL, type SQLChunk, StringChunk, sql } from 'drizzle-orm/sql/sql'
import { type Instant, iso } from '../domain/instant.ts'

// Imported from drizzle only here: Node parses the 180 kB of drizzle's package.json again for each of its files and for
// each file that imports it, which took a fifth of the time to start.
export { Name, Param, SQL, type SQLChunk, StringChunk, sql }

/** The database's clock in milliseconds, truncated so that no instant is ahead of the clock that it came from. */
export const clock = sql`date_trunc('milliseconds', clock_timestamp())`

/** Reads a timestamptz expression as an Instant (milliseconds since the epoch). */
export function instant(expression: SQL): SQL {
  return sql`(extract(epoch from ${expression}) * 1000)::float8`
}

/** Writes a timestamptz expression as RFC 3339 in UTC with milliseconds, as `iso` does. */
export function rfc3339(expression: SQL): SQL {
  return sql`to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** Writes an Instant, or null. */
export function timestamp(value: Instant | null): SQL {
  return sql`${value === null ? null : iso(value)}::timestamptz`
}

/** Passes a list as one parameter, so that the statement's text does not depend on the list's length. */
export function texts(values: readonly string[] | null): SQL {
  return sql`${sql.param(values)}::text[]`
}

/** Passes a list of UUIDs as one parameter. */
export function uuids(values: readonly string[]): SQL {
  return sql`${sql.param(values)}::uuid[]`
}

/** Passes any value as one jsonb parameter, for jsonb_to_recordset and jsonb columns. */
export function json(value: unknown): SQL {
  return sql`${JSON.stringify(value)}::jsonb`
}

/**
 * Limits a set made from JSON to as many rows as it has. The planner expects a hundred rows in such a set and reads a
 * whole table to join them; under a limit that it does not know it expects a tenth, and uses the index.
 */
export function limitTo(items: readonly unknown[]): SQL {
  return sql`limit ${items.length}::int`
}

/** A place in WGS 84 degrees. */
export interface Place {
  latitude: number
  longitude: number
}

/**
 * A point from WGS 84 degrees, or null. −180 and 180 are the same meridian, but the index takes them for two: a nearest
 * search from a place on one would fail («index returned tuples in wrong order») at the same place on the other.
 */
export function point(place: Place | null): SQL {
  const longitude = place?.longitude === -180 ? 180 : (place?.longitude ?? null)
  return sql`ST_SetSRID(ST_MakePoint(${longitude}::float8, ${place?.latitude ?? null}::float8), 4326)::geography`
}
