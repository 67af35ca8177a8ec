-- concurrently
-- A territory's refusals in time, as its entries: by where the pharmacy was.
create index concurrently if not exists refusals_of_pharmacy_territory on refusals (pharmacy_territory, at, id);
