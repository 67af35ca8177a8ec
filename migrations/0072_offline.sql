-- What hand-overs off line leave behind: masks that were not known to be there, lines that no rule judged, and people
-- whom the directory does not know yet.

alter table stock_movements
  drop constraint stock_movements_kind,
  add constraint stock_movements_kind check (kind in (
    'delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out', 'count', 'count_absorbed', 'dispensation',
    'reversal', 'discrepancy')) not valid;

alter table ledger_lines
  alter column rule_id drop not null,
  alter column window_start drop not null,
  drop constraint ledger_lines_within_cap,
  add constraint ledger_lines_within_cap check (
    effect < 0 or beyond_cap or rule_id is null or received + held + quantity <= cap) not valid,
  add constraint ledger_lines_window_of_a_rule check ((rule_id is null) = (window_start is null)) not valid;

alter table persons
  add column provisional boolean not null default false,
  alter column profession drop not null,
  drop constraint persons_named_until_erased,
  add constraint persons_named_until_erased check (case
    when erased_at is not null then num_nonnulls(family_name, given_name, speciality, practice_location) = 0
    when provisional then num_nonnulls(family_name, given_name, profession, speciality, practice_location, practice_territory) = 0
    else num_nulls(family_name, given_name, profession) = 0 end) not valid;
