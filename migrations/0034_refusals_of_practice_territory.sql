-- concurrently
-- The same by where the practice was, of those that the index by the pharmacy does not find there.
create index concurrently if not exists refusals_of_practice_territory on refusals (practice_territory, at, id)
  where practice_territory is distinct from pharmacy_territory;
