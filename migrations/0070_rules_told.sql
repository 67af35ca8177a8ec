-- The rules of which it has been told that they are in force, each once.
create table rules_told (
  rule_id uuid primary key references allocation_rules
);
-- Those of before are no news.
insert into rules_told (rule_id) select id from allocation_rules where valid_from <= clock_timestamp();
grant select, insert on rules_told to gomask_app;
