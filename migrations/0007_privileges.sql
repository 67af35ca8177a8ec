-- Privileges: the service works as gomask_app, which can add to the ledger but never change it.
-- Replaces the text with the checksum ce51e406363d982cd922bb356352e1b452bbd0a0d8dbe260fd5847a9407e9c97, which asked for the right to
-- create roles even where an administrator had made gomask_app beforehand.

do $$
begin
  create role gomask_app nologin;
exception
  -- Roles belong to the whole cluster: another database, or the administrator, may have made it already.
  when duplicate_object or unique_violation then null;
  when insufficient_privilege then
    if not exists (select from pg_roles where rolname = 'gomask_app') then
      raise exception 'the role gomask_app is missing; as a database administrator, run: create role gomask_app nologin'
        using errcode = 'insufficient_privilege';
    end if;
end
$$;

do $$
begin
  execute format('grant gomask_app to %I', current_user);
exception
  -- An administrator granted it beforehand, or a migration of another database in this cluster is granting it now.
  when insufficient_privilege or internal_error then null;
end
$$;

grant usage on schema public to gomask_app;
grant select on all tables in schema public to gomask_app;
grant insert, update on products, pharmacies, persons, person_identifiers, stock, reservations, ledger_heads to gomask_app;
grant insert, delete on product_packs to gomask_app;
grant insert, update (withdrawn_at) on allocation_rules to gomask_app;
grant insert on stock_movements, ledger_entries, ledger_lines, ledger_payloads to gomask_app;
grant insert, delete on idempotency_keys to gomask_app;
grant insert on decisions, accesses, events to gomask_app;
