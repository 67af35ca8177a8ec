-- Stock keeping: the shelf of each pharmacy, the movements that explain it, and the reservations that hold part of it.

-- For writes that are sent together with their COMMIT: one that did not change what was locked fails the transaction as a
-- serialisation failure, which the program tries afresh.
create function unchanged_or_fail(changed bigint, expected integer) returns boolean language plpgsql as $$
begin
  if changed <> expected then
    raise exception 'changed % rows, not %', changed, expected using errcode = 'serialization_failure';
  end if;
  return true;
end
$$;

-- in_stock changes only between none and some, so that most updates of a quantity touch no indexed column and stay HOT;
-- the fill factor leaves them room on the same page. The location is the pharmacy's, repeated so that one index answers
-- «nearest with stock».
create table stock (
  pharmacy text not null references pharmacies,
  product text not null references products,
  on_hand integer not null constraint stock_on_hand_range check (on_hand between 0 and 1000000000),
  held integer not null default 0,
  version integer not null,
  counted_at timestamptz(3),
  observed_at timestamptz(3) not null,
  location geography(Point, 4326) not null,
  in_stock boolean not null generated always as (on_hand > held) stored,
  primary key (pharmacy, product),
  constraint stock_held_within_on_hand check (held between 0 and on_hand)
) with (fillfactor = 70);
create index stock_nearest on stock using gist (product, location) where in_stock;

-- quantity is what was declared, change what it did to the shelf: a loss of 50 from a shelf of 30 changes it by -30.
-- The sum of changes is the stock on hand; the shelf's version numbers the movements, so that none can slip in twice.
create table stock_movements (
  id uuid primary key,
  pharmacy text not null,
  product text not null,
  version integer not null,
  kind text not null constraint stock_movements_kind check (kind in (
    'delivery', 'loss', 'return_to_supplier', 'transfer_in', 'transfer_out', 'count', 'count_absorbed', 'dispensation', 'reversal')),
  quantity integer not null constraint stock_movements_quantity_range check (quantity between 0 and 1000000000),
  change integer not null,
  occurred_at timestamptz(3) not null,
  recorded_at timestamptz(3) not null,
  reference text,
  counterparty text,
  lot text,
  best_before date,
  entry_id uuid,
  operator text,
  constraint stock_movements_version_once unique (pharmacy, product, version),
  foreign key (pharmacy, product) references stock,
  constraint stock_movements_transfer_names_counterparty check ((kind in ('transfer_in', 'transfer_out')) = (counterparty is not null))
);
create index stock_movements_newest on stock_movements (pharmacy, id desc);
create index stock_movements_since_count on stock_movements (pharmacy, product, occurred_at);

create table reservations (
  id uuid primary key,
  person_id uuid not null references persons,
  pharmacy text not null,
  product text not null,
  quantity integer not null constraint reservations_quantity_range check (quantity between 1 and 1000000),
  pickup_code text not null,
  distance_metres integer,
  status text not null constraint reservations_status check (status in ('held', 'collected', 'cancelled', 'expired')),
  collected_quantity integer,
  collected_by uuid,
  cancellation_reason text,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null,
  ended_at timestamptz(3),
  foreign key (pharmacy, product) references stock,
  constraint reservations_ends_after_start check (expires_at > created_at),
  constraint reservations_ended_once check ((status = 'held') = (ended_at is null)),
  constraint reservations_collected_once check (
    (status = 'collected') = (collected_by is not null) and (status = 'collected') = (collected_quantity is not null)),
  constraint reservations_collected_within_quantity check (collected_quantity between 0 and quantity),
  constraint reservations_cancelled_for_a_reason check ((status = 'cancelled') = (cancellation_reason is not null))
) with (fillfactor = 80);
create index reservations_of_person on reservations (person_id, id desc);
create index reservations_of_pharmacy on reservations (pharmacy, id desc);
create index reservations_held_by_person on reservations (person_id) where status = 'held';
create index reservations_held_on_shelf on reservations (pharmacy, product, expires_at) where status = 'held';
create index reservations_held_expiring on reservations (expires_at) where status = 'held';
create unique index reservations_pickup_code_once on reservations (pharmacy, pickup_code) where status = 'held';
