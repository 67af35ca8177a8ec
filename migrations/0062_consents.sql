-- What a client asks of a pharmacy: to act for it. The pharmacy itself answers, with the code that the client has sent it.

create table consents (
  id uuid primary key,
  client_id uuid not null references clients,
  finess text not null references pharmacies,
  -- SHA-256 of the code, in hex: the code itself is shown once and kept nowhere.
  code_hash text not null,
  asked_at timestamptz(3) not null default clock_timestamp(),
  expires_at timestamptz(3) not null,
  outcome text constraint consents_outcome check (outcome in ('accepted', 'refused', 'replaced')),
  answered_at timestamptz(3),
  answered_by text,
  constraint consents_answered_whole check (num_nulls(outcome, answered_at, answered_by) in (0, 3))
);
create unique index consents_open on consents (client_id, finess) where outcome is null;
create index consents_of_client on consents (client_id, id);
create index consents_of_pharmacy on consents (finess, id);

create trigger consents_journal after insert or update or delete on consents
  for each row execute function journal_act('consent', 'client_id', 'code_hash');

create or replace function act_territories(kind text, object jsonb) returns setof text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'pharmacy' then object ->> 'territory'
    when 'rule' then object ->> 'territory'
    when 'professional' then object ->> 'practice_territory'
    when 'number' then (select practice_territory from persons where id = (object ->> 'person_id')::uuid)
    when 'grant' then (select territory from pharmacies where finess = object ->> 'finess')
    when 'consent' then (select territory from pharmacies where finess = object ->> 'finess') end
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

grant select, insert, update (outcome, answered_at, answered_by) on consents to gomask_app;
