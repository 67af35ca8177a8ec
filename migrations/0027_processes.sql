-- The processes that serve at present, each with the ids of its keys, so that one with other keys than the rest is
-- found before its callers get 200 and 401 by turns.

create table processes (
  id uuid primary key,
  started_at timestamptz(3) not null,
  -- Renewed while the process lives; the others forget it a minute later.
  seen_at timestamptz(3) not null,
  signs text not null,
  verifies text[] not null constraint processes_verifies_what_it_signs check (signs = any (verifies))
) with (fillfactor = 50);

-- Where it is found out whether a disk that was full has room again; unlogged, as nobody reads it.
create unlogged table room_wanted (filler bigint not null);

-- Emptied each time, so that every page is a new one: about 256 kB. Fails as long as there is no room for them.
create function find_room() returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
begin
  truncate room_wanted;
  insert into room_wanted select generate_series(1, 8000);
end
$$;

revoke execute on function find_room() from public;
grant execute on function find_room() to gomask_app;
grant select, insert, update, delete on processes to gomask_app;
