import type { Logger } from 'pino'
import type { Owner } from './database.ts'

/** The login of the database may do too little, or too much, for what it is used for; the message says what to do. */
export class LoginRefused extends Error {}

/** Whom DATABASE_URL lets in, and what that login may do in this database. */
export interface Login {
  name: string
  /** What it may do beyond the role `gomask_app`; nothing, as it should be. */
  excess: string[]
  isMember: boolean
  mayMigrate: boolean
}

// A role that anybody has been made a member of by mistake has more than its own attributes: the owner's, or those of
// pg_write_server_files. `pg_has_role` follows memberships, and knows that the database's owner owns its schema.
const LOGIN = `
  select session_user::text as name,
    array_remove(array[
      case when r.rolsuper then 'is a superuser' end,
      case when r.rolcreaterole then 'may create roles' end,
      case when r.rolreplication then 'may copy the whole cluster as a standby does' end,
      case when not r.rolsuper then (
        select 'may act as ' || string_agg(other.rolname, ', ' order by other.rolname) from pg_roles other
        where other.rolname not in (session_user, 'gomask_app') and pg_has_role(session_user, other.oid, 'member')) end,
      case when exists (select from pg_class c where c.relowner = r.oid and c.relnamespace = 'public'::regnamespace)
        then 'owns tables' end,
      case when has_database_privilege(session_user, current_database(), 'create') then 'may create schemas' end,
      case when has_schema_privilege(session_user, 'public', 'create') then 'may create objects in the schema public' end,
      case when exists (
        select from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
          and has_table_privilege(session_user, c.oid, 'truncate, trigger'))
        then 'may empty tables or put triggers on them' end], null) as excess,
    exists (select from pg_roles app where app.rolname = 'gomask_app' and pg_has_role(session_user, app.oid, 'member'))
      as "isMember",
    coalesce(
      (select pg_has_role(session_user, c.relowner, 'usage') from pg_class c where c.oid = to_regclass('schema_migrations')),
      has_schema_privilege(session_user, 'public', 'create')) as "mayMigrate"
  from pg_roles r where r.rolname = session_user`

/** Asks PostgreSQL who has logged in on this connection, and what that role may do here. */
export async function readLogin(owner: Owner): Promise<Login> {
  const [found] = await owner.rows(LOGIN)
  return found as unknown as Login
}

/** Refuses a login that is not allowed to work as the service at all. */
export function requireMember({ name, isMember }: Login): void {
  if (isMember) return
  throw new LoginRefused(
    `the login ${name} is no member of gomask_app and cannot work as the service; use one that is, or grant it: grant gomask_app to "${name}"`,
  )
}

const ADVICE =
  'use a login that is a member of gomask_app and nothing else, and keep the owner’s for `gomask migrate` (docs/runbook.md)'

/** Refuses a login that may do more than the service needs. */
export function requireNoExcess({ name, excess }: Login): void {
  if (excess.length > 0) throw new LoginRefused(`STRICT_ROLES: the login ${name} ${excess.join(', ')}; ${ADVICE}`)
}

/**
 * Warns of a login that may do more than the service needs. The service's connections are gomask_app, but whoever takes
 * one over is as powerful as its login, and an owner switches off the triggers that keep the ledger append-only.
 */
export function warnOfExcess({ name, excess }: Login, log: Logger): void {
  if (excess.length === 0) return
  const message = `the service’s login could switch off what protects the ledger: ${ADVICE}`
  log.warn({ login: name, excess }, message)
}
