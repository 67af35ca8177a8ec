-- Webhooks: where clients want events sent, the seeds of the secrets that sign them, what is still to be delivered, and
-- how deliveries went.

create table webhook_endpoints (
  id uuid primary key,
  client_id uuid not null references clients,
  url text not null,
  -- None named: all that the client may read.
  types text[] not null,
  -- Null: all that it acts for, or that are in its remit.
  pharmacies text[],
  signing text not null constraint webhook_endpoints_signing check (signing in ('v1', 'v1a')),
  status text not null default 'active' constraint webhook_endpoints_status check (status in ('active', 'paused', 'ended')),
  status_since timestamptz(3) not null,
  -- Nothing has been delivered since; null when the last attempt of all was not in vain.
  failing_since timestamptz(3),
  -- The place in the events up to which they have been put into lanes.
  position bigint not null,
  created_at timestamptz(3) not null
) with (fillfactor = 70);
create index webhook_endpoints_of_client on webhook_endpoints (client_id, id);

-- The secret itself is derived from the seed and a key that is not in the database.
create table webhook_secrets (
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  id uuid not null,
  key_id text not null,
  seed bytea not null constraint webhook_secrets_seed_length check (length(seed) = 32),
  created_at timestamptz(3) not null,
  -- Null for the newest; another has taken over from those that end.
  expires_at timestamptz(3),
  primary key (endpoint_id, id)
);

-- What an endpoint has still to be told of a pharmacy, in order; empty for what is about none. A lane that has nothing
-- left is deleted.
create table webhook_lanes (
  endpoint_id uuid not null references webhook_endpoints on delete cascade,
  pharmacy text not null,
  -- Delivered, or given up, up to this place in the events; there is something up to `newest`.
  position bigint not null,
  newest bigint not null,
  -- Rises with each reason to look again, so that none is missed while the lane is found empty.
  wakes integer not null default 1,
  -- The job queue has been told.
  called boolean not null default false,
  -- The first attempt at its present event that failed.
  failing_since timestamptz(3),
  primary key (endpoint_id, pharmacy)
) with (fillfactor = 50);
create index webhook_lanes_uncalled on webhook_lanes (endpoint_id, pharmacy) where not called;

-- Events to be delivered once more, before what follows, and tests, which are no events.
create table webhook_redeliveries (
  endpoint_id uuid not null,
  pharmacy text not null,
  position bigint not null,
  test uuid,
  primary key (endpoint_id, pharmacy, position),
  constraint webhook_redeliveries_lane foreign key (endpoint_id, pharmacy) references webhook_lanes on delete cascade
);

-- It refers to no endpoint: the check would take locks in another order than those who change one.
create table webhook_deliveries (
  id uuid primary key,
  endpoint_id uuid not null,
  event text not null,
  type text not null,
  pharmacy text,
  at timestamptz(3) not null,
  outcome text not null constraint webhook_deliveries_outcome check (outcome in ('delivered', 'failed', 'given_up')),
  http_status integer,
  fault text,
  duration_ms integer not null
);
create index webhook_deliveries_of_endpoint on webhook_deliveries (endpoint_id, id);

grant select, insert, update, delete on webhook_endpoints, webhook_lanes to gomask_app;
grant select, insert, update, delete on webhook_secrets to gomask_app;
grant select, insert, delete on webhook_redeliveries, webhook_deliveries to gomask_app;
