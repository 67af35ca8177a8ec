-- Reservations that have ended, and events, are forgotten after a time, by functions with the owner's rights.

-- By their ids, which begin with the time that they were made at: no index is needed to find the oldest.
create function forget_reservations(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
  since timestamptz := clock_timestamp() - make_interval(days => days);
begin
  if days is null or days < 30 then
    raise exception 'reservations are kept for 30 days at least' using errcode = 'insufficient_privilege';
  end if;
  delete from reservations where id in (
    select id from reservations
    where id < (lpad(to_hex((extract(epoch from since) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid and ended_at < since
    order by id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;

-- Of the first ones those that are old enough: they are numbered nearly in the order of time.
create function forget_events(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
  since timestamptz := clock_timestamp() - make_interval(days => days);
begin
  if days is null or days < 1 then
    raise exception 'events are kept for a day at least' using errcode = 'insufficient_privilege';
  end if;
  delete from events where id in (
    select id from (select id, at from events order by id limit most) as oldest where at < since);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
revoke execute on function forget_reservations, forget_events from public;
grant execute on function forget_reservations, forget_events to gomask_app;
