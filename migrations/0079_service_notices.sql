-- A pharmacy's own notice: whether it takes reservations and walk-ins for now, why, until when, and when it hands over.

-- Once service_until is past, nothing of it counts any more: every reading and decision asks the clock, no job has to run.
alter table pharmacies
  add column takes_reservations boolean not null default true,
  add column takes_walk_ins boolean not null default true,
  add column service_reason text,
  add column service_until timestamptz(3),
  add column hand_over_hours text,
  add column service_note text,
  add constraint pharmacies_service_reason
    check (service_reason in ('equipment', 'sold_out', 'not_taking_part', 'closed', 'other')) not valid;
