-- The audit: selections in time, totals kept up as entries enter the log, and exports in the record of accesses.

create index ledger_entries_in_time on ledger_entries (occurred_at, id) where kind in ('dispensation', 'reversal');
create index ledger_entries_flagged on ledger_entries (occurred_at, id) where kind in ('dispensation', 'reversal') and flags <> '{}';
create index ledger_lines_of_lot on ledger_lines (lot, entry_id) where lot is not null;

-- Rows come in nearly in the order of these times, so that a few pages of block ranges find a stretch of time.
create index stock_movements_in_time on stock_movements using brin (occurred_at);
create index accesses_in_time on accesses using brin (at);

-- An export is one access, whoever it showed: the selection says which entries it covered, by ids and codes alone.
alter table accesses
  add column selection jsonb,
  drop constraint accesses_kind,
  add constraint accesses_kind check (kind in (
    'dispensation_check', 'entitlements', 'history', 'dispensation', 'audit', 'audit_export', 'ledger')),
  add constraint accesses_export_has_selection check ((kind = 'audit_export') = (selection is not null));
create index accesses_exports on accesses (at, id) where kind = 'audit_export';

-- Totals of the lines of all entries that have their place in the log, by the week (its Monday) of the hand-over in the
-- time zone frozen in the line; a reversal counts in the week of what it takes back. The first table by pharmacy, the
-- second over all pharmacies, so that a question that names no pharmacy reads few rows.
create table audit_totals_by_pharmacy (
  pharmacy text not null,
  week date not null,
  practice_territory text,
  pharmacy_territory text,
  profession text,
  product text not null,
  dispensed_lines bigint not null,
  dispensed_masks bigint not null,
  reversed_lines bigint not null,
  reversed_masks bigint not null,
  overridden_lines bigint not null,
  masks_beyond_cap bigint not null,
  late_lines bigint not null,
  very_late_lines bigint not null,
  constraint audit_totals_by_pharmacy_once unique nulls not distinct (
    pharmacy, week, practice_territory, pharmacy_territory, profession, product)
);
create index audit_totals_by_pharmacy_territory on audit_totals_by_pharmacy (pharmacy_territory);
create index audit_totals_by_practice_territory on audit_totals_by_pharmacy (practice_territory);
create table audit_totals (
  week date not null,
  practice_territory text,
  pharmacy_territory text,
  profession text,
  product text not null,
  dispensed_lines bigint not null,
  dispensed_masks bigint not null,
  reversed_lines bigint not null,
  reversed_masks bigint not null,
  overridden_lines bigint not null,
  masks_beyond_cap bigint not null,
  late_lines bigint not null,
  very_late_lines bigint not null,
  constraint audit_totals_once unique nulls not distinct (
    week, practice_territory, pharmacy_territory, profession, product)
);

grant select, insert, update on audit_totals_by_pharmacy, audit_totals to gomask_app;
