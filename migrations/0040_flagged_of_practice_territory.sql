-- concurrently
-- The same by where the practice was, of the few entries that the index by the pharmacy does not find there.
create index concurrently if not exists ledger_entries_flagged_of_practice_territory
  on ledger_entries (practice_territory, occurred_at, id)
  where kind in ('dispensation', 'reversal') and flags <> '{}' and practice_territory is distinct from pharmacy_territory;
