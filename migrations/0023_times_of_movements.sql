-- Times that no movement can have. Earlier releases took them, so they are refused of new rows alone: validation would
-- read every movement, and fail where there is one.

alter table stock_movements
  add constraint stock_movements_occurred_since_2020 check (occurred_at >= '2020-01-01T00:00:00Z') not valid,
  add constraint stock_movements_best_before_range check (best_before between '2000-01-01' and '2099-12-31') not valid;
