import type { Instant } from '../domain/instant.ts'
import { readClock } from './clock.ts'
import type { Database, Owner } from './database.ts'
import { rows } from './query.ts'
import { RELIED_ON, type Settings } from './settings.ts'
import { sql } from './sql.ts'

/**
 * The settings under which a database's clock can be moved: a function of the same name stands before PostgreSQL's own,
 * which would otherwise be found first.
 */
export const MOVABLE: Settings = { ...RELIED_ON, search_path: `sandbox,pg_catalog,${RELIED_ON.search_path}` }

/** Makes the clock of a sandbox's database movable. Never called for one that serves people. */
export function makeMovable(owner: Owner): Promise<void> {
  return owner.script(`
    create schema if not exists sandbox;
    create table if not exists sandbox.clock (alone boolean primary key default true check (alone), ahead interval not null);
    insert into sandbox.clock (ahead) values ('0') on conflict do nothing;
    create or replace function sandbox.clock_timestamp() returns timestamptz volatile language sql as
      'select pg_catalog.clock_timestamp() + ahead from sandbox.clock';
    grant usage on schema sandbox to gomask_app;
    grant select, update on sandbox.clock to gomask_app;
  `)
}

/** Moves it ahead by so many seconds, and returns what it shows then. It never runs backwards. */
export async function moveClock(db: Database, seconds: number): Promise<Instant> {
  await rows(db, 'move_clock', sql`update sandbox.clock set ahead = ahead + make_interval(secs => ${seconds}::int)`)
  const askedAt = performance.now()
  const at = await readClock(db)
  db.clock.hear(at, askedAt)
  return at
}
