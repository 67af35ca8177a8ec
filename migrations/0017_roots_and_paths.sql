-- One root a person, stored, and a constraint that a merged record names a root.

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
