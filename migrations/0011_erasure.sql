-- Erasure: a person's numbers, names and payloads go, an entry of kind 'erasure' says so for ever, and every chain still verifies.

alter table persons
  alter column family_name drop not null,
  alter column given_name drop not null,
  add column erased_at timestamptz(3),
  add constraint persons_named_until_erased check (
    erased_at is null and num_nulls(family_name, given_name) = 0
    or erased_at is not null and num_nonnulls(family_name, given_name, speciality, practice_location) = 0);

alter table ledger_entries
  drop constraint ledger_entries_kind,
  add constraint ledger_entries_kind check (kind in ('dispensation', 'reversal', 'link', 'erasure')),
  drop constraint ledger_entries_at_a_pharmacy,
  add constraint ledger_entries_at_a_pharmacy check ((kind in ('link', 'erasure')) = (pharmacy is null));

-- The payload of an erasure names nobody and is kept for ever. Whatever the service does, these two are looked at once
-- more when it commits; other payloads, which every hand-over writes, cost nothing.
alter table ledger_payloads alter column professional drop not null;

create function refuse_unless_erasure() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if exists (select from ledger_entries where id = new.entry_id and kind = 'erasure') then
      return null;
    end if;
  elsif exists (
    select from ledger_entries gone join ledger_entries erasure on erasure.person_id = gone.person_id and erasure.seq > gone.seq
    where gone.id = old.entry_id and gone.kind <> 'erasure' and erasure.kind = 'erasure') then
    return null;
  end if;
  raise exception 'the ledger is append-only: % on % without an erasure is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege';
end
$$;
create constraint trigger ledger_payloads_unnamed_in_erasures after insert on ledger_payloads
  deferrable initially deferred for each row when (new.professional is null) execute function refuse_unless_erasure();
create constraint trigger ledger_payloads_deleted_by_erasures after delete on ledger_payloads
  deferrable initially deferred for each row execute function refuse_unless_erasure();

-- Stored answers name the professional: an erasure finds them by the entry, or the professional, that they are about.
create index idempotency_keys_subject on idempotency_keys ((response ->> 'id'));

grant delete on ledger_payloads, person_identifiers to gomask_app;
grant update (request_hash, response) on idempotency_keys to gomask_app;
