-- What is forgotten by age is found by its index: a clock that runs on while the statement does cannot bound a walk of
-- one, so the last batch of each night read every row that is kept.

create or replace function forget_accesses(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
  since timestamptz := clock_timestamp() - make_interval(days => days);
begin
  if days is null or days < 30 then
    raise exception 'accesses are kept for 30 days at least' using errcode = 'insufficient_privilege';
  end if;
  delete from accesses where id in (select id from accesses where at < since order by at, id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
create or replace function forget_refusals(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
  since timestamptz := clock_timestamp() - make_interval(days => days);
begin
  if days is null or days < 365 then
    raise exception 'refusals are kept for a year at least' using errcode = 'insufficient_privilege';
  end if;
  delete from refusals where id in (select id from refusals where at < since order by at, id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
