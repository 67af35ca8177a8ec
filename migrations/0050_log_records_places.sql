-- concurrently
-- The few places of records among the many of entries, in the log's order.
create index concurrently if not exists log_leaves_of_records on log_leaves (index, record_id) where record_id is not null;
