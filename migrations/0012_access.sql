-- Machine clients with the pharmacies that granted them, and one version that tells every process when anybody's standing changed.

create table clients (
  id uuid primary key,
  name text not null constraint clients_name_length check (length(name) between 1 and 100),
  role text not null constraint clients_role check (role in ('pharmacy', 'professional', 'regulator', 'admin')),
  scopes text[] not null,
  territories text[] not null default '{}',
  professions text[] not null default '{}',
  -- Public keys for private_key_jwt (RFC 7517), or null.
  jwks jsonb,
  token_seconds integer not null default 900
    constraint clients_token_seconds_range check (token_seconds between 300 and 3600),
  status text not null default 'active' constraint clients_status check (status in ('active', 'suspended', 'revoked')),
  -- Tokens issued before are refused.
  tokens_from timestamptz(3),
  created_at timestamptz(3) not null default clock_timestamp(),
  updated_at timestamptz(3) not null default clock_timestamp()
);

-- Two places, so that a client has at most two live secrets while one takes over from the other.
create table client_secrets (
  client_id uuid not null references clients,
  place smallint not null constraint client_secrets_place check (place in (1, 2)),
  id uuid not null unique,
  hash text not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  expires_at timestamptz(3),
  primary key (client_id, place)
);

-- A client acts for the pharmacies that granted it, until these withdraw the grant; ended grants are kept.
create table client_grants (
  id uuid primary key,
  client_id uuid not null references clients,
  finess text not null references pharmacies,
  granted_at timestamptz(3) not null default clock_timestamp(),
  granted_by text not null,
  withdrawn_at timestamptz(3),
  withdrawn_by text,
  constraint client_grants_withdrawn_whole check ((withdrawn_at is null) = (withdrawn_by is null))
);
create unique index client_grants_live on client_grants (client_id, finess) where withdrawn_at is null;
create index client_grants_finess on client_grants (finess, granted_at);

create table standing (
  one boolean primary key default true constraint standing_one_row check (one),
  version bigint not null
);
insert into standing (version) values (1);

create index persons_suspended on persons (id) where status = 'suspended';
create index pharmacies_inactive on pharmacies (finess) where status <> 'active';

-- The row's lock is held until the commit, so that versions become visible in their order.
create function standing_changes() returns trigger language plpgsql as $$
begin
  update standing set version = version + 1;
  return null;
end
$$;

create function standing_changes_if_suspended() returns trigger language plpgsql as $$
begin
  if exists (
    select from persons known join persons root on root.id = coalesce(known.merged_into, known.id)
    where known.id = case tg_op when 'DELETE' then old.person_id else new.person_id end and root.status = 'suspended'
  ) then
    update standing set version = version + 1;
  end if;
  return null;
end
$$;

create trigger standing_changes after insert on persons
  for each row when (new.status = 'suspended') execute function standing_changes();
create trigger standing_changes_later after update on persons
  for each row when (old.status <> new.status or old.merged_into is distinct from new.merged_into)
  execute function standing_changes();
create trigger standing_changes after insert or update or delete on person_identifiers
  for each row execute function standing_changes_if_suspended();
create trigger standing_changes after insert on pharmacies
  for each row when (new.status <> 'active') execute function standing_changes();
create trigger standing_changes_later after update on pharmacies
  for each row when (old.status <> new.status) execute function standing_changes();
create trigger standing_changes after insert or update on clients for each statement execute function standing_changes();
create trigger standing_changes after insert or update on client_grants
  for each statement execute function standing_changes();

grant select on clients, client_secrets, client_grants, standing to gomask_app;
grant insert, update on clients, client_grants to gomask_app;
grant insert, update, delete on client_secrets to gomask_app;
grant update on standing to gomask_app;
