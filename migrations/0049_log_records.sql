-- Records: what the log keeps about nobody, such as the publication of a rule. They stand between the entries of people in
-- the same tree, sealed in bytes of their own.

-- canonical holds the very bytes that were hashed; the other columns repeat them for queries, and `gomask check` compares.
-- One record of a kind says all that there is to say of its subject.
create table log_records (
  id uuid primary key,
  kind text not null,
  subject text not null,
  recorded_at timestamptz(3) not null,
  canonical bytea not null,
  entry_hash bytea not null constraint log_records_entry_hash_length check (length(entry_hash) = 32),
  constraint log_records_once unique (kind, subject)
);
create trigger log_records_append_only before update or delete on log_records
  for each row execute function refuse_change();
create trigger log_records_no_truncate before truncate on log_records
  for each statement execute function refuse_change();
grant select, insert on log_records to gomask_app;

alter table log_pending
  alter column entry_id drop not null,
  add column record_id uuid,
  add constraint log_pending_of_one check (num_nonnulls(entry_id, record_id) = 1);

create function await_sequencing_of_record() returns trigger language plpgsql set search_path = public, pg_temp as $$
begin
  insert into log_pending (record_id) values (new.id);
  return null;
end
$$;
create trigger log_records_await_sequencing after insert on log_records
  for each row execute function await_sequencing_of_record();

-- Checked for new leaves from here on; those that are there were made with an entry each, and are read through later.
alter table log_leaves
  alter column entry_id drop not null,
  add column record_id uuid references log_records,
  add constraint log_leaves_of_one check (num_nonnulls(entry_id, record_id) = 1) not valid;
