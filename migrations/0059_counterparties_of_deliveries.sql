-- A delivery may name who brought it, as a transfer names the other pharmacy. Not validated: whatever kept the narrower
-- rule keeps this one, and reading every movement to find that out would hold up all that is counted meanwhile.

alter table stock_movements
  drop constraint stock_movements_transfer_names_counterparty,
  add constraint stock_movements_transfer_names_counterparty check (
    case when kind in ('transfer_in', 'transfer_out') then counterparty is not null
      else counterparty is null or kind = 'delivery' end) not valid;
