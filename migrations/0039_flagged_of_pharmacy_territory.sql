-- concurrently
-- A territory's flagged entries in time, which are few: a flag that hardly anybody has is not looked for among all entries.
create index concurrently if not exists ledger_entries_flagged_of_pharmacy_territory
  on ledger_entries (pharmacy_territory, occurred_at, id) where kind in ('dispensation', 'reversal') and flags <> '{}';
