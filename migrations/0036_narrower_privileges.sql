-- Narrower privileges: what the service never uses is taken from it, and no table of its own stands in for ours.

-- Nothing updates these: a number would be moved to another person, and a secret to another client. (To lock an
-- assertion takes the right to update some column of it.)
revoke update on person_identifiers, client_secrets, client_assertions from gomask_app;
grant update (forget_at) on client_assertions to gomask_app;

-- Databases that were first made by PostgreSQL 14 let everybody add to the schema public, and all of them let everybody
-- make temporary tables. Where an administrator owns these, PostgreSQL warns and changes nothing.
revoke create on schema public from public, gomask_app;
do $$
begin
  execute format('revoke temporary on database %I from public, gomask_app', current_database());
end
$$;

-- A temporary table hides one of the same name, so a session could have shown these its own ledger.
alter function await_sequencing() set search_path = public, pg_temp;
alter function refuse_unless_erasure() set search_path = public, pg_temp;
alter function renew_territory_paths() set search_path = public, pg_temp;
alter function require_line_of_entry() set search_path = public, pg_temp;
alter function standing_changes() set search_path = public, pg_temp;
alter function standing_changes_if_suspended() set search_path = public, pg_temp;
