-- Doubts about who is who: an issuer's log-in says that two records are one person's. Until somebody decides, what either
-- received counts for both.

-- The records are those that were named; whom their histories continue in is looked up, so that a merge keeps doubts right.
create table identity_doubts (
  id uuid primary key,
  one_id uuid not null references persons,
  other_id uuid not null references persons,
  issuer text not null,
  opened_at timestamptz(3) not null default date_trunc('milliseconds', clock_timestamp()),
  decision text constraint identity_doubts_decision check (decision in ('same', 'distinct')),
  decided_at timestamptz(3),
  decided_by text,
  reason text,
  constraint identity_doubts_in_order check (one_id < other_id),
  constraint identity_doubts_decided_whole check (num_nulls(decision, decided_at, decided_by) in (0, 3)),
  constraint identity_doubts_reason_of_decision check (reason is null or decision is not null)
);
create unique index identity_doubts_open on identity_doubts (one_id, other_id) where decision is null;
create index identity_doubts_of_one on identity_doubts (one_id);
create index identity_doubts_of_other on identity_doubts (other_id);

-- Whose receipts and reservations count for whom beside their own: of each person, every record of the others that open
-- doubts lead to, over however many steps. They count for the entries after after_seq up to until_seq, or up to now, so
-- that each entry can be judged for ever by what was known at it.
create table counted_together (
  person_id uuid not null references persons,
  other_id uuid not null references persons,
  after_seq integer not null,
  until_seq integer,
  constraint counted_together_for_entries check (until_seq > after_seq),
  primary key (person_id, other_id, after_seq)
);
create unique index counted_together_now on counted_together (person_id, other_id) where until_seq is null;

-- Brings counted_together up to date around some persons. Whoever calls has locked the heads of at least one person of
-- each group that changes, and every decision locks the heads of its whole group, so that the sequences stand still.
create function count_together(changed uuid[]) returns void language sql set search_path = public, pg_temp as $$
  with recursive reached(from_id, root_id) as (
    select root_id, root_id from persons where id = any (changed)
    union
    select reached.from_id, there.root_id
    from reached join persons here on here.root_id = reached.root_id
      cross join lateral (
        select other_id as id from identity_doubts where one_id = here.id and decision is null
        union all
        select one_id from identity_doubts where other_id = here.id and decision is null
      ) as doubted join persons there on there.id = doubted.id
  ), wanted as (
    select distinct one.root_id as person_id, record.id as other_id
    from reached one join reached other on other.from_id = one.from_id and other.root_id <> one.root_id
      join persons record on record.root_id = other.root_id
  ), ending as (
    select now.person_id, now.other_id, h.seq from counted_together now join ledger_heads h on h.person_id = now.person_id
    where now.until_seq is null and now.person_id = any (array(select root_id from reached) || changed)
      and (now.person_id, now.other_id) not in (select person_id, other_id from wanted)
  ), for_no_entry as (
    delete from counted_together t using ending e
    where t.person_id = e.person_id and t.other_id = e.other_id and t.until_seq is null and t.after_seq = e.seq
  ), ended as (
    update counted_together t set until_seq = e.seq from ending e
    where t.person_id = e.person_id and t.other_id = e.other_id and t.until_seq is null and t.after_seq < e.seq
  )
  insert into counted_together (person_id, other_id, after_seq)
  select w.person_id, w.other_id, h.seq from wanted w join ledger_heads h on h.person_id = w.person_id
  where not exists (select from counted_together t
    where t.person_id = w.person_id and t.other_id = w.other_id and t.until_seq is null)
$$;
revoke execute on function count_together from public;

create function stamp_decision() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  new.decided_at := date_trunc('milliseconds', clock_timestamp());
  new.decided_by := coalesce(nullif(current_setting('gomask.actor', true), '')::jsonb ->> 'name', session_user);
  return new;
end
$$;
create trigger identity_doubts_stamp before update on identity_doubts
  for each row when (old.decision is null and new.decision is not null) execute function stamp_decision();

create function doubts_change_counting() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  perform count_together(array[new.one_id, new.other_id]);
  return null;
end
$$;
create trigger identity_doubts_count after insert on identity_doubts
  for each row execute function doubts_change_counting();
create trigger identity_doubts_count_later after update on identity_doubts
  for each row when (old.decision is distinct from new.decision) execute function doubts_change_counting();

-- A merge decides the doubts between what it merges. Doubts about either go on about the person who continues.
create function merges_decide_doubts() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if not exists (select from counted_together where person_id in (old.root_id, new.root_id) and until_seq is null) then
    return null;
  end if;
  update identity_doubts d set decision = 'same'
  from persons one, persons other
  where one.root_id = new.root_id and d.one_id = one.id and other.id = d.other_id and other.root_id = new.root_id
    and d.decision is null;
  perform count_together(array[old.root_id, new.root_id]);
  return null;
end
$$;
create trigger persons_decide_doubts after update on persons
  for each row when (old.merged_into is distinct from new.merged_into) execute function merges_decide_doubts();

-- The journal: a doubt is where either person's practice is, and about both professions.
create or replace function act_territories(kind text, object jsonb) returns setof text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'pharmacy' then object ->> 'territory'
    when 'rule' then object ->> 'territory'
    when 'professional' then object ->> 'practice_territory'
    when 'number' then (select practice_territory from persons where id = (object ->> 'person_id')::uuid)
    when 'grant' then (select territory from pharmacies where finess = object ->> 'finess') end
  union all
  select practice_territory from persons
  where kind = 'doubt' and id in ((object ->> 'one_id')::uuid, (object ->> 'other_id')::uuid)
  union all
  select unnest(territories) from clients
  where kind in ('client', 'secret', 'request') and id = (object ->> case kind when 'client' then 'id' else 'client_id' end)::uuid
  union all
  -- Of a client those before it was changed too, and those that are asked for.
  select jsonb_array_elements_text(case kind when 'client' then object else object -> 'change' end -> 'territories')
  where kind in ('client', 'request') and jsonb_typeof(case kind when 'client' then object else object -> 'change' end) = 'object'
$$;

drop function act_profession;
create function act_profession(kind text, object jsonb) returns setof text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'professional' then object ->> 'profession'
    when 'number' then (select profession from persons where id = (object ->> 'person_id')::uuid) end
  union all
  select profession from persons
  where kind = 'doubt' and id in ((object ->> 'one_id')::uuid, (object ->> 'other_id')::uuid)
$$;

create trigger identity_doubts_journal after insert or update or delete on identity_doubts
  for each row execute function journal_act('doubt', 'id', 'reason');

grant select, insert, update (decision, reason) on identity_doubts to gomask_app;
grant select on counted_together to gomask_app;
