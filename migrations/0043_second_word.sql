-- A second admin's word: what one admin asks for a client that reads or changes who people are waits until another confirms it.

-- Either the client as it would be, or a secret more for it. Names are the issuer's and the subject's.
create table client_requests (
  id uuid primary key,
  client_id uuid not null references clients,
  change jsonb,
  secret jsonb,
  asked_at timestamptz(3) not null default clock_timestamp(),
  asked_by text not null,
  ended_at timestamptz(3),
  ended_by text,
  confirmed boolean not null default false,
  constraint client_requests_one_thing check (ended_at is not null or num_nonnulls(change, secret) = 1),
  constraint client_requests_end_whole check ((ended_at is null) = (ended_by is null)),
  constraint client_requests_secret_gone check (ended_at is null or secret is null),
  constraint client_requests_two_names check (not confirmed or (ended_by is not null and ended_by <> asked_by))
);
create unique index client_requests_open on client_requests (client_id) where ended_at is null;

create trigger client_requests_journal after insert or update or delete on client_requests
  for each row execute function journal_act('request', 'client_id', 'secret');

create or replace function act_territories(kind text, object jsonb) returns setof text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'pharmacy' then object ->> 'territory'
    when 'rule' then object ->> 'territory'
    when 'professional' then object ->> 'practice_territory'
    when 'number' then (select practice_territory from persons where id = (object ->> 'person_id')::uuid)
    when 'grant' then (select territory from pharmacies where finess = object ->> 'finess') end
  union all
  select unnest(territories) from clients
  where kind in ('client', 'secret', 'request') and id = (object ->> case kind when 'client' then 'id' else 'client_id' end)::uuid
  union all
  -- Of a client those before it was changed too, and those that are asked for.
  select jsonb_array_elements_text(case kind when 'client' then object else object -> 'change' end -> 'territories')
  where kind in ('client', 'request') and jsonb_typeof(case kind when 'client' then object else object -> 'change' end) = 'object'
$$;

grant select, insert, update (ended_at, ended_by, confirmed, secret) on client_requests to gomask_app;
