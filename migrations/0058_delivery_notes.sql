-- concurrently
-- Deliveries by their note: the same one that comes again within 30 days is told of.
create index concurrently if not exists stock_movements_delivery_notes
  on stock_movements (pharmacy, reference, recorded_at) where kind = 'delivery' and reference is not null;
