-- One root a person and one closure of the territories, both stored.

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
