-- A label on each reservation, so that the bags set aside at a counter can be told apart without a name.

alter table reservations
  add column label text,
  add constraint reservations_label_form check (label ~ '^[A-Z]{2}[0-9]$') not valid;
