-- concurrently
-- Links and erasures by where the practice was: they too bring a person into a remit. No hand-over writes one.
create index concurrently if not exists ledger_entries_of_practice_territory_otherwise on ledger_entries (practice_territory, id)
  where kind in ('link', 'erasure');
