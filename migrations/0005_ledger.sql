-- The ledger: the append-only history of dispensations and reversals, one hash chain a person.

create table ledger_heads (
  person_id uuid primary key references persons,
  seq integer not null default 0 constraint ledger_heads_seq_not_negative check (seq >= 0),
  entry_hash bytea
) with (fillfactor = 70);

-- canonical holds the very bytes that were hashed; the other columns repeat them for queries, and a verifier compares.
create table ledger_entries (
  id uuid primary key,
  person_id uuid not null references persons,
  seq integer not null constraint ledger_entries_seq_positive check (seq > 0),
  kind text not null constraint ledger_entries_kind check (kind in ('dispensation', 'reversal', 'link')),
  previous_hash bytea,
  entry_hash bytea not null constraint ledger_entries_entry_hash_length check (length(entry_hash) = 32),
  canonical bytea not null,
  recorded_at timestamptz(3) not null,
  occurred_at timestamptz(3) not null,
  pharmacy text references pharmacies,
  profession text,
  practice_territory text,
  pharmacy_territory text,
  flags text[] not null,
  reverses uuid references ledger_entries,
  constraint ledger_entries_seq_once unique (person_id, seq),
  constraint ledger_entries_chained check ((seq = 1) = (previous_hash is null)),
  constraint ledger_entries_reversal_names_entry check ((kind = 'reversal') = (reverses is not null)),
  constraint ledger_entries_at_a_pharmacy check ((kind = 'link') = (pharmacy is null))
);
create index ledger_entries_of_pharmacy on ledger_entries (pharmacy, id desc);
create index ledger_entries_reversals on ledger_entries (reverses) where reverses is not null;
create index ledger_entries_overrides on ledger_entries (pharmacy, recorded_at) where 'override' = any (flags);

-- effect is the line's signed weight in the entitlement and counted_at the instant it counts at: a reversal carries the
-- instant of what it reverses. cap, received and held are the facts that the line was judged by, so that the database
-- itself refuses a line above its cap that is not flagged. rule_id has no foreign key: rules are never deleted, and a
-- share lock by every hand-over in the country on one rule's row would make that row the busiest of all.
create table ledger_lines (
  entry_id uuid not null references ledger_entries,
  position smallint not null,
  person_id uuid not null,
  product text not null,
  quantity integer not null constraint ledger_lines_quantity_range check (quantity between 1 and 1000000),
  effect integer not null constraint ledger_lines_effect_is_quantity check (abs(effect) = quantity),
  counted_at timestamptz(3) not null,
  lot text,
  rule_id uuid not null,
  window_start timestamptz(3) not null,
  window_end timestamptz(3),
  time_zone text not null,
  cap integer not null,
  received integer not null,
  held integer not null,
  beyond_cap boolean not null,
  primary key (entry_id, position),
  constraint ledger_lines_within_cap check (effect < 0 or beyond_cap or received + held + quantity <= cap)
);
create index ledger_lines_received on ledger_lines (person_id, counted_at) include (product, effect);

-- Whom an entry is about stands apart with its salt, so that it can be erased while the chain still verifies.
create table ledger_payloads (
  entry_id uuid primary key references ledger_entries,
  salt bytea not null constraint ledger_payloads_salt_length check (length(salt) = 32),
  payload bytea not null,
  professional text not null
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only: % on % is refused', tg_op, tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger ledger_entries_append_only before update or delete on ledger_entries
  for each row execute function refuse_change();
create trigger ledger_entries_no_truncate before truncate on ledger_entries
  for each statement execute function refuse_change();
create trigger ledger_lines_append_only before update or delete on ledger_lines
  for each row execute function refuse_change();
create trigger ledger_lines_no_truncate before truncate on ledger_lines
  for each statement execute function refuse_change();
create trigger ledger_payloads_never_edited before update on ledger_payloads
  for each row execute function refuse_change();
create trigger ledger_payloads_no_truncate before truncate on ledger_payloads
  for each statement execute function refuse_change();
