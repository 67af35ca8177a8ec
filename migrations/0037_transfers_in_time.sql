-- concurrently
-- Transfers between pharmacies alone, in time: a search for those that nobody answered passed over every hand-over of a quarter.
create index concurrently if not exists stock_movements_transfers on stock_movements (occurred_at)
  where kind in ('transfer_in', 'transfer_out');
