-- Shelves with plenty, by steps that double, so that a search for a large quantity passes over all that have far less
-- without reading them.

create function stock_magnitude(free integer) returns smallint immutable parallel safe language sql
  return width_bucket(free, array[128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 524288,
    1048576])::smallint;

-- It seldom changes, and never on a shelf with less than the first step, so that updates of a quantity stay HOT.
alter table stock add column magnitude smallint not null generated always as (stock_magnitude(on_hand - held)) stored;
create index stock_plenty on stock using gist (product, location, magnitude) where magnitude > 0;
