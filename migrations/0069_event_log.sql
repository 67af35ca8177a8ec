-- The log of events: one order that all followers see, whatever order the transactions that wrote the events commit in.

-- Nobody could read these. Processes of the last release go on writing type, subject, ids and at.
truncate events;
alter table events drop column xid;
-- Made in the insert itself, so that an event that is logged again after a fail-over keeps its id (a UUIDv7).
alter table events add column event_id uuid not null default
  (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
    || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid;

-- Places are microseconds since 1970 or, where many events come at once, a little later: they never come back, even if
-- a standby that lacked the newest events takes over.
create table event_log (
  place bigint primary key,
  id uuid not null constraint event_log_once unique,
  type text not null,
  at timestamptz(3) not null,
  pharmacy text,
  person_id uuid,
  data jsonb not null,
  -- Of an event that may have been read at another place before a fail-over: where its reader continues.
  resume_from bigint
);
create index event_log_of_pharmacy on event_log (pharmacy, place);
create index event_log_of_person on event_log (person_id, place) where person_id is not null;

create table event_log_state (
  alone boolean primary key default true constraint event_log_state_alone check (alone),
  -- The place of the newest event, and up to where they are forgotten.
  last bigint not null default 0,
  gone bigint not null default 0,
  -- No event numbered up to it will appear any more: the search for new ones begins there, past the dead rows.
  settled bigint not null default 0,
  -- The next candidate for it, and a transaction that began after that number was drawn.
  mark bigint,
  mark_xid xid8,
  -- Which server, since which take-over, and which table: another one may lack what was read here.
  history text,
  -- Events numbered up to it may have been read in an earlier history, whose readers continue from there.
  again_until bigint not null default 0,
  again_from bigint
);
insert into event_log_state default values;

-- Moves the oldest committed events to the log, and returns how many. Its snapshot decides: a transaction that waited
-- for another's row draws its numbers after the other has committed, so whoever sees its events sees the other's too,
-- with lower numbers.
create function log_events(most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  drawn bigint;
  state event_log_state;
  here text;
  oldest_writer xid8;
  logged integer;
begin
  if not exists (select from event_log_state s join events e on e.id > s.settled) then
    return 0;
  end if;
  -- Before this transaction has an xid, so that every number up to it belongs to a transaction with a lower one.
  if pg_current_xact_id_if_assigned() is null then
    drawn := pg_sequence_last_value(pg_get_serial_sequence('events', 'id')::regclass);
  end if;
  select * into state from event_log_state for update;
  here := concat_ws('/', (select system_identifier from pg_control_system()),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), 'event_log'::regclass::oid);
  if state.history is distinct from here then
    -- Ten minutes ahead, in case this server's clock is behind that of the one whose place it takes.
    if state.history is not null then
      state.again_from := state.last;
      state.again_until := coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'id')::regclass), 0);
      state.last := greatest(state.last, (extract(epoch from clock_timestamp()) * 1e6)::bigint) + 600000000;
    end if;
    state.history := here;
    state.settled := 0;
    state.mark := null;
  end if;
  oldest_writer := pg_snapshot_xmin(pg_current_snapshot());
  state.last := greatest(state.last, (extract(epoch from clock_timestamp()) * 1e6)::bigint);
  with oldest as materialized (
    select id from events where id > state.settled order by id limit most
  ), moved as (
    delete from events e using oldest o where e.id = o.id returning e.*
  )
  insert into event_log (place, id, type, at, pharmacy, person_id, data, resume_from)
  select state.last + row_number() over (order by id), event_id, type, at, ids ->> 'pharmacy', (ids ->> 'person')::uuid,
    ids - 'person' || case when subject = ids ->> 'pharmacy' then '{}' else jsonb_build_object('id', subject) end,
    case when id <= state.again_until then state.again_from end
  from moved;
  get diagnostics logged = row_count;
  if logged < most then
    if state.mark_xid <= oldest_writer then
      state.settled := state.mark;
      state.mark := null;
    end if;
    if state.mark is null then
      state.mark := drawn;
      state.mark_xid := case when drawn is not null then pg_current_xact_id() end;
    end if;
  end if;
  update event_log_state set last = state.last + logged, settled = coalesce(state.settled, 0), mark = state.mark,
    mark_xid = state.mark_xid, history = state.history, again_until = state.again_until, again_from = state.again_from;
  return logged;
end
$$;

-- Of the first ones those that are old enough; whoever was before the last of them has missed something.
create or replace function forget_events(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
  since timestamptz := clock_timestamp() - make_interval(days => days);
begin
  if days is null or days < 1 then
    raise exception 'events are kept for a day at least' using errcode = 'insufficient_privilege';
  end if;
  with old as (
    delete from event_log where place in (
      select place from (select place, at from event_log order by place limit most) as oldest where at < since)
    returning place
  ), marked as (
    update event_log_state set gone = (select max(place) from old) where exists (select from old)
  )
  select count(*) into forgotten from old;
  return forgotten;
end
$$;

revoke execute on function log_events from public;
grant execute on function log_events to gomask_app;
grant select on event_log, event_log_state to gomask_app;
