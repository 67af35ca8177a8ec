-- concurrently
-- Accesses of a kind, of all but the checks: these are nearly all there is, and each would have to write here too.
create index concurrently if not exists accesses_of_kind on accesses (kind, at, id) where kind <> 'dispensation_check';
