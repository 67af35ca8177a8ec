-- concurrently
-- Lists of people that a pharmacy read, for a regulator of few pharmacies.
create index concurrently if not exists accesses_lists_of_pharmacy on accesses (pharmacy, at, id)
  where person_ids is not null and pharmacy is not null;
