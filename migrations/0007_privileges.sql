-- Privileges: the service works as gomask_app, which can add to the ledger but never change it.

do $$
begin
  create role gomask_app nologin;
exception
  -- Roles belong to the whole cluster: another database, or the administrator, may have made it already.
  when duplicate_object or unique_violation then null;
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
