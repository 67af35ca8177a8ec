-- The global log: one Merkle tree after RFC 6962 over all ledger entries, in the order in which they are sequenced.

-- The entries that have no place in the log yet. No cursor over ids or times can say which these are, as transactions
-- commit out of order; an entry enters here in its own transaction, whatever made it, and leaves with its place. As that
-- happens under the lock of the person's head, `position` keeps each person's entries in the order of the chain, also
-- when the clock is set back.
create table log_pending (
  position bigint generated always as identity primary key,
  entry_id uuid not null
);
insert into log_pending (entry_id) select id from ledger_entries order by recorded_at, seq, id;

create function await_sequencing() returns trigger language plpgsql as $$
begin
  insert into log_pending (entry_id) values (new.id);
  return null;
end
$$;
create trigger ledger_entries_await_sequencing after insert on ledger_entries
  for each row execute function await_sequencing();

create table log_leaves (
  index bigint primary key constraint log_leaves_index_not_negative check (index >= 0),
  entry_id uuid not null references ledger_entries,
  constraint log_leaves_entry_once unique (entry_id)
);

-- The tree's hashes in tiles of 256 (C2SP tlog-tiles): tile n of level 0 holds the leaf hashes 256n to 256n + 255, and each
-- hash of level l + 1 is the root of one full tile of level l. Hashes do not compress.
create table log_tiles (
  level smallint not null constraint log_tiles_level_range check (level between 0 and 7),
  index bigint not null constraint log_tiles_index_not_negative check (index >= 0),
  hashes bytea not null constraint log_tiles_whole_hashes check (length(hashes) between 32 and 8192 and length(hashes) % 32 = 0),
  primary key (level, index)
);
alter table log_tiles alter column hashes set storage external;

-- One row. The update of `size` from the size that was read is the fence between two sequencers.
create table log_state (
  id boolean primary key default true constraint log_state_one_row check (id),
  size bigint not null,
  root bytea not null constraint log_state_root_length check (length(root) = 32)
);
insert into log_state (size, root) values (0, sha256(''));

-- Published: signed notes, and the verifier keys that they were ever signed with.
create table log_checkpoints (
  size bigint primary key,
  note text not null,
  published_at timestamptz(3) not null default clock_timestamp()
);
create index log_checkpoints_by_time on log_checkpoints (published_at);
create table log_keys (
  verifier_key text primary key,
  first_used_at timestamptz(3) not null default clock_timestamp()
);

create function refuse_unless_grown() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and tg_table_name = 'log_tiles' then
    if substr(new.hashes, 1, length(old.hashes)) = old.hashes and (new.level, new.index) = (old.level, old.index) then
      return new;
    end if;
  elsif tg_op = 'UPDATE' and tg_table_name = 'log_state' then
    if new.size > old.size then
      return new;
    end if;
  end if;
  raise exception 'the log only grows: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger log_tiles_only_grow before update or delete on log_tiles
  for each row execute function refuse_unless_grown();
create trigger log_state_only_grows before update or delete on log_state
  for each row execute function refuse_unless_grown();
create trigger log_leaves_append_only before update or delete on log_leaves
  for each row execute function refuse_change();
create trigger log_checkpoints_append_only before update or delete on log_checkpoints
  for each row execute function refuse_change();
create trigger log_keys_append_only before update or delete on log_keys
  for each row execute function refuse_change();
create trigger log_tiles_no_truncate before truncate on log_tiles
  for each statement execute function refuse_change();
create trigger log_state_no_truncate before truncate on log_state
  for each statement execute function refuse_change();
create trigger log_leaves_no_truncate before truncate on log_leaves
  for each statement execute function refuse_change();
create trigger log_checkpoints_no_truncate before truncate on log_checkpoints
  for each statement execute function refuse_change();
create trigger log_keys_no_truncate before truncate on log_keys
  for each statement execute function refuse_change();

grant select on log_pending, log_leaves, log_tiles, log_state, log_checkpoints, log_keys to gomask_app;
grant insert, delete on log_pending to gomask_app;
grant insert on log_leaves, log_tiles, log_checkpoints, log_keys to gomask_app;
grant update on log_tiles, log_state to gomask_app;
