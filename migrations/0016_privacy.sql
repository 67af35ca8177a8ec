-- Privacy: one access for a list of people, and what lets retention forget old accesses and refusals, and nothing younger.

-- A list is one access to all whom it showed: a till that asks every minute would otherwise write a row a person each time.
alter table accesses
  add column person_ids uuid[],
  add constraint accesses_one_person_or_a_list check (person_ids is null or person_id is null and cardinality(person_ids) > 0),
  drop constraint accesses_kind,
  add constraint accesses_kind check (kind in (
    'dispensation_check', 'entitlements', 'history', 'dispensation', 'audit', 'audit_export', 'ledger', 'accesses', 'refusals',
    'reservation', 'professional', 'erasure'));
create index accesses_of_persons on accesses using gin (person_ids) where person_ids is not null;

-- A refusal stays what it was; after a year it may go, by whoever may delete at all.
create function refuse_change_for_a_year() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.at < clock_timestamp() - interval '365 days' then
    return old;
  end if;
  raise exception 'the ledger is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
drop trigger decisions_append_only on decisions;
create trigger decisions_append_only before update or delete on decisions
  for each row execute function refuse_change_for_a_year();

-- The service may delete neither accesses nor refusals. These functions do it with the owner's rights, oldest first, so
-- many at a time, and refuse a period that is too short to be one.
create function forget_accesses(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
begin
  if days is null or days < 30 then
    raise exception 'accesses are kept for 30 days at least' using errcode = 'insufficient_privilege';
  end if;
  delete from accesses where id in (
    select id from accesses where at < clock_timestamp() - make_interval(days => days) order by at, id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
create function forget_refusals(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
begin
  if days is null or days < 365 then
    raise exception 'refusals are kept for a year at least' using errcode = 'insufficient_privilege';
  end if;
  delete from decisions where id in (
    select id from decisions where at < clock_timestamp() - make_interval(days => days) order by at, id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
revoke execute on function forget_accesses, forget_refusals from public;
grant execute on function forget_accesses, forget_refusals to gomask_app;
