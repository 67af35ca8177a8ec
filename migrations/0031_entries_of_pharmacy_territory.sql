-- concurrently
-- A territory's entries in time, by where the pharmacy was, so that a regulator's list costs pages however small the remit.
create index concurrently if not exists ledger_entries_of_pharmacy_territory
  on ledger_entries (pharmacy_territory, occurred_at, id) where kind in ('dispensation', 'reversal');
