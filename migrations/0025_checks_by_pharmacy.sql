-- Whom a pharmacy asked about within the hour, which each check looks at.
-- concurrently

create index concurrently if not exists accesses_checks_by_pharmacy on accesses (pharmacy, at) include (person_id, id)
  where kind = 'dispensation_check';
