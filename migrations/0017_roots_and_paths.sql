-- One root a person and one closure of the territories, both stored, and constraints that back the ledger's invariants.

-- Whom a person's history continues in, itself where it was merged into nobody. The index finds all records of one human
-- being by the root alone, and is what the foreign key refers to: the pair (root_id, root_id) is there only where that
-- person is its own root, so merged_into names a root, also while two merges run at once. At national size (1.2 million
-- persons) the table is written anew in about 15 s, during which nobody reads it.
alter table persons
  add column root_id uuid not null generated always as (coalesce(merged_into, id)) stored,
  add constraint persons_root_once unique (root_id, id),
  drop constraint persons_merged_into_fkey,
  add constraint persons_merged_into_root foreign key (root_id, root_id) references persons (root_id, id);
drop index persons_merged_into;
analyze persons;

create or replace function standing_changes_if_suspended() returns trigger language plpgsql as $$
begin
  if exists (
    select from persons known join persons root on root.id = known.root_id
    where known.id = case tg_op when 'DELETE' then old.person_id else new.person_id end and root.status = 'suspended'
  ) then
    update standing set version = version + 1;
  end if;
  return null;
end
$$;

-- Each territory with itself, at depth 0, and with all above it. A circle of parents would put one of them below itself a
-- second time, which the key refuses.
create table territory_paths (
  territory text not null,
  ancestor text not null,
  depth integer not null,
  constraint territory_paths_acyclic primary key (territory, ancestor)
);
create index territory_paths_below on territory_paths (ancestor, territory);

-- All of it, as territories change with a release at most and are a few hundred. The lock is there for two changes at once:
-- the second then reads what the first has left.
create function renew_territory_paths() returns trigger language plpgsql as $$
begin
  lock table territory_paths in share row exclusive mode;
  delete from territory_paths;
  insert into territory_paths (territory, ancestor, depth)
  with recursive path as (
    select code as territory, code as ancestor, parent, 0 as depth from territories
    union all
    select path.territory, above.code, above.parent, path.depth + 1 from path join territories above on above.code = path.parent
  ) cycle ancestor set is_circle using visited
  select territory, ancestor, depth from path;
  return null;
end
$$;
create trigger territories_renew_paths after insert or update or delete or truncate on territories
  for each statement execute function renew_territory_paths();
update territories set parent = parent;
analyze territory_paths;
grant select on territory_paths to gomask_app;

-- A line repeats its entry's person, for the index that entitlements are read by, and its effect follows from the entry's
-- kind. One look at the entry, when the line comes in, holds both, and takes the place of the foreign key on the entry alone:
-- no entry is ever changed or deleted. A foreign key on entry and person would need a second unique index on all entries, and
-- would hold nothing of the kind. Lines that are there already are not read again, which would take minutes at national size
-- (26 million): the service wrote each with its entry, in one statement.
create function require_line_of_entry() returns trigger language plpgsql as $$
declare
  entry record;
  broken text;
begin
  select person_id, kind into entry from ledger_entries where id = new.entry_id;
  if entry is null then
    broken := 'ledger_lines_of_entry';
  elsif new.person_id <> entry.person_id then
    broken := 'ledger_lines_person_of_entry';
  elsif sign(new.effect) <> (case entry.kind when 'dispensation' then 1 when 'reversal' then -1 else 0 end) then
    broken := 'ledger_lines_effect_of_kind';
  else
    return null;
  end if;
  raise exception 'a line of entry % violates %', new.entry_id, broken
    using errcode = 'integrity_constraint_violation', table = 'ledger_lines', constraint = broken;
end
$$;
create constraint trigger ledger_lines_of_entry after insert on ledger_lines
  for each row execute function require_line_of_entry();
alter table ledger_lines drop constraint ledger_lines_entry_id_fkey;

-- Two reversals of one entry wait for one another at the entry, whatever else they have locked; the sum is taken by a later
-- statement, which in READ COMMITTED sees what the first has taken back. With the owner's rights, as the service may not
-- update the ledger and so may not lock its rows.
create function require_reversed_within_dispensed() returns trigger
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  original uuid;
  remaining bigint;
begin
  select dispensed.id into original from ledger_entries reversal join ledger_entries dispensed on dispensed.id = reversal.reverses
    where reversal.id = new.entry_id for no key update of dispensed;
  select sum(effect) into remaining from ledger_lines
    where entry_id = any (array(select original union all select id from ledger_entries where reverses = original))
      and product = new.product and lot is not distinct from new.lot;
  if remaining >= 0 then
    return null;
  end if;
  raise exception 'entry % takes back more than was dispensed', new.entry_id using errcode = 'integrity_constraint_violation',
    table = 'ledger_lines', constraint = 'ledger_lines_reversed_within_dispensed';
end
$$;
create constraint trigger ledger_lines_reversed_within_dispensed after insert on ledger_lines
  for each row when (new.effect < 0) execute function require_reversed_within_dispensed();
