-- Allocation rules: dated caps, published once, then superseded or withdrawn but never edited.

create table allocation_rules (
  id uuid primary key,
  beneficiaries jsonb not null,
  products text[] not null constraint allocation_rules_products_named check (cardinality(products) > 0),
  cap integer not null constraint allocation_rules_cap_range check (cap between 1 and 1000000),
  sub_caps jsonb not null,
  window_kind text not null constraint allocation_rules_window_kind check (window_kind in ('calendar_weeks', 'rolling_days', 'once')),
  window_count integer constraint allocation_rules_window_count check (window_count between 1 and 366),
  territory text not null references territories,
  valid_from timestamptz(3) not null,
  valid_to timestamptz(3),
  source jsonb not null,
  confidence text not null constraint allocation_rules_confidence check (confidence in ('high', 'medium', 'low')),
  published_by text not null,
  published_at timestamptz(3) not null,
  withdrawn_at timestamptz(3),
  constraint allocation_rules_window_counted check ((window_kind = 'once') = (window_count is null)),
  constraint allocation_rules_valid_for_a_time check (valid_to > valid_from)
);
create index allocation_rules_by_territory on allocation_rules (territory, valid_from);
