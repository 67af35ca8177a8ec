-- concurrently
-- No two live reservations of a pharmacy share a label; two that are made at once try again.
create unique index concurrently if not exists reservations_label_once on reservations (pharmacy, label) where status = 'held';
