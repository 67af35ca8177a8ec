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

-- Where a process writes to find out whether a disk that was full has room again. Emptied each time, so that every page
-- is a new one; unlogged, as nobody reads it.
create unlogged table room_wanted (filler bigint not null);

grant select, insert, update, delete on processes to gomask_app;
grant insert, truncate on room_wanted to gomask_app;
