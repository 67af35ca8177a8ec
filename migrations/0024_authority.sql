-- In whose name a rule was published, since only that authority withdraws it. Rules that are there belong to the operator.

alter table allocation_rules
  add column authority_territory text references territories,
  add column authority_professions text[],
  add constraint allocation_rules_authority_whole check ((authority_territory is null) = (authority_professions is null));
