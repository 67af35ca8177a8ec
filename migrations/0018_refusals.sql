-- Refusals by their name: the table that has held nothing else was called decisions.

alter table decisions rename to refusals;

alter table refusals rename constraint decisions_pkey to refusals_pkey;
alter table refusals rename constraint decisions_verb to refusals_verb;
alter table refusals rename constraint decisions_figures_whole to refusals_figures_whole;
alter table refusals rename constraint decisions_figures_of_a_rule to refusals_figures_of_a_rule;
alter table refusals rename constraint decisions_quantity_of_a_product to refusals_quantity_of_a_product;
alter table refusals rename constraint decisions_reversal_of_a_dispensation to refusals_reversal_of_a_dispensation;

alter index decisions_newest rename to refusals_newest;
alter index decisions_of_person rename to refusals_of_person;
alter index decisions_of_pharmacy rename to refusals_of_pharmacy;

alter trigger decisions_append_only on refusals rename to refusals_append_only;
alter trigger decisions_no_truncate on refusals rename to refusals_no_truncate;

-- A function's body names its tables in text, which no renaming reaches.
create or replace function forget_refusals(days integer, most integer) returns integer
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  forgotten integer;
begin
  if days is null or days < 365 then
    raise exception 'refusals are kept for a year at least' using errcode = 'insufficient_privilege';
  end if;
  delete from refusals where id in (
    select id from refusals where at < clock_timestamp() - make_interval(days => days) order by at, id limit most);
  get diagnostics forgotten = row_count;
  return forgotten;
end
$$;
