-- Wrong pick-up codes of the last hour, so that the limit on them holds across processes and restarts.

create table pickup_code_tries (
  id bigint generated always as identity primary key,
  pharmacy text not null,
  -- The one that was to be collected; null where a code was looked up.
  reservation_id uuid,
  at timestamptz(3) not null default clock_timestamp()
);
create index pickup_code_tries_at_pharmacy on pickup_code_tries (pharmacy, at);
create index pickup_code_tries_of_reservation on pickup_code_tries (reservation_id, at) where reservation_id is not null;

grant select, insert, delete on pickup_code_tries to gomask_app;
