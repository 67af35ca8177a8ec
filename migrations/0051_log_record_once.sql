-- concurrently
-- A record has one place; and its place is found by it.
create unique index concurrently if not exists log_leaves_record_once on log_leaves (record_id) where record_id is not null;
