-- Accountability: refusals keep what they turned on, for regulators to read in their remit, and accesses know more kinds.

-- The columns repeat what was known when it was refused; profession and territories are frozen as in a ledger entry. The
-- figures are null where the refusal turned on no rule, product and quantity where it turned on no line.
alter table decisions
  add column profession text,
  add column practice_territory text,
  add column pharmacy_territory text,
  add column dispensation uuid,
  add column product text,
  add column quantity integer,
  add column window_start timestamptz(3),
  add column window_end timestamptz(3),
  add column cap integer,
  add column received integer,
  add column held integer,
  add column available integer,
  add constraint decisions_figures_whole check (num_nulls(window_start, cap, received, held) in (0, 4)),
  add constraint decisions_figures_of_a_rule check (cap is null or rule_id is not null),
  add constraint decisions_quantity_of_a_product check ((product is null) = (quantity is null));

alter table decisions drop constraint decisions_verb;
update decisions set verb = 'reversal' where code = 'reversal_exceeds_dispensed';
alter table decisions add constraint decisions_verb check (verb in ('dispensation', 'reversal', 'reservation')),
  add constraint decisions_reversal_of_a_dispensation check (dispensation is null or verb = 'reversal');

create index decisions_newest on decisions (at, id);
create index decisions_of_pharmacy on decisions (pharmacy, at, id);

create trigger decisions_append_only before update or delete on decisions
  for each row execute function refuse_change();
create trigger decisions_no_truncate before truncate on decisions
  for each statement execute function refuse_change();

alter table accesses drop constraint accesses_kind;
alter table accesses add constraint accesses_kind check (kind in (
  'dispensation_check', 'entitlements', 'history', 'dispensation', 'audit', 'audit_export', 'ledger', 'accesses', 'refusals'));
create index accesses_newest on accesses (at, id);
create index accesses_of_reader on accesses (reader, at, id);
