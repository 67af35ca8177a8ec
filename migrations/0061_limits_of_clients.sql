-- How many requests a client may make in a minute, and, where the operator wants it, one count of them for all processes.

-- Null: as many as the configuration says.
alter table clients add column requests_per_minute integer
  constraint clients_requests_per_minute_range check (requests_per_minute between 1 and 1000000);

-- Requests by the hash of who made them, each count until its minute is over. What a crash or a fail-over loses is a
-- minute's counts, so nothing of it is written to the log or copied to a standby.
create unlogged table request_counts (
  id bytea primary key,
  count integer not null,
  ends_at timestamptz(3) not null
) with (fillfactor = 50);
create index request_counts_ended on request_counts (ends_at);

grant select, insert, update, delete on request_counts to gomask_app;
