-- Records beside the effects: idempotency keys, refusals, readings of people's histories, and events for those who follow.

-- A key that expires_at null lives as long as the entry or movement that it made.
create table idempotency_keys (
  scope text not null,
  key text not null,
  request_hash bytea not null,
  status smallint not null,
  response json not null,
  created_at timestamptz(3) not null default clock_timestamp(),
  expires_at timestamptz(3),
  primary key (scope, key)
);
create index idempotency_keys_expiring on idempotency_keys (expires_at) where expires_at is not null;

create table decisions (
  id uuid primary key,
  at timestamptz(3) not null default clock_timestamp(),
  verb text not null constraint decisions_verb check (verb in ('dispensation', 'reservation')),
  code text not null,
  person_id uuid,
  pharmacy text,
  rule_id uuid,
  facts jsonb not null,
  operator text
);
create index decisions_of_person on decisions (person_id, at);

create table accesses (
  id uuid primary key,
  at timestamptz(3) not null default clock_timestamp(),
  kind text not null constraint accesses_kind check (kind in ('dispensation_check', 'entitlements', 'history', 'dispensation')),
  person_id uuid,
  reader_role text not null,
  reader text not null,
  pharmacy text,
  outcome text not null,
  operator text
);
create index accesses_of_person on accesses (person_id, at);

-- xid lets a follower read past only what every earlier transaction has settled: serial ids commit out of order.
create table events (
  id bigint generated always as identity primary key,
  type text not null,
  subject text not null,
  ids jsonb not null,
  at timestamptz(3) not null default clock_timestamp(),
  xid xid8 not null default pg_current_xact_id()
);
