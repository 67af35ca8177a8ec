-- The journal of administration: who changed the directory, the catalogue, rules, clients and grants, by what, from where,
-- and what was before and after. Triggers write it, so that no route, command or hand with a password is left out.

-- Nobody is named but by surrogate: numbers, names and secrets are only said to have changed. No professions mean that
-- the act is about no professional.
create table admin_acts (
  id uuid primary key default gen_random_uuid(),
  at timestamptz(3) not null default clock_timestamp(),
  role text not null,
  name text not null,
  address text,
  act text not null,
  kind text not null,
  object text not null,
  professions text[] not null,
  before jsonb,
  after jsonb,
  withheld text[] not null,
  constraint admin_acts_change_something check (num_nonnulls(before, after) > 0)
);
create index admin_acts_newest on admin_acts (at, id);
create index admin_acts_of_object on admin_acts (object, at, id);

-- Where the object of an act was before and after; '' is the whole country. The newest acts of a kind and a place are
-- found by their index, however many there are elsewhere.
create table admin_act_places (
  id uuid not null references admin_acts,
  territory text not null,
  kind text not null,
  at timestamptz(3) not null,
  primary key (id, territory)
);
create index admin_act_places_newest on admin_act_places (territory, kind, at, id);

create trigger admin_acts_append_only before update or delete on admin_acts
  for each row execute function refuse_change();
create trigger admin_acts_no_truncate before truncate on admin_acts
  for each statement execute function refuse_change();

create trigger admin_act_places_append_only before update or delete on admin_act_places
  for each row execute function refuse_change();
create trigger admin_act_places_no_truncate before truncate on admin_act_places
  for each statement execute function refuse_change();

create function act_territories(kind text, object jsonb) returns setof text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'pharmacy' then object ->> 'territory'
    when 'rule' then object ->> 'territory'
    when 'professional' then object ->> 'practice_territory'
    when 'number' then (select practice_territory from persons where id = (object ->> 'person_id')::uuid)
    when 'grant' then (select territory from pharmacies where finess = object ->> 'finess') end
  union all
  select unnest(territories) from clients
  where kind in ('client', 'secret') and id = (object ->> case kind when 'client' then 'id' else 'client_id' end)::uuid
  union all
  -- Of a client those before it was changed too.
  select jsonb_array_elements_text(object -> 'territories') where kind = 'client'
$$;

create function act_profession(kind text, object jsonb) returns text stable language sql set search_path = public, pg_temp as $$
  select case kind
    when 'professional' then object ->> 'profession'
    when 'number' then (select profession from persons where id = (object ->> 'person_id')::uuid) end
$$;

-- Its arguments: the kind of object, the column that names it, and the columns that are withheld. Who acts is said by the
-- transaction; where nobody says so, it is whoever has logged in to the database.
create function journal_act() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  hidden constant text[] := string_to_array(tg_argv[2], ' ');
  actor constant jsonb := coalesce(nullif(current_setting('gomask.actor', true), ''), '{}')::jsonb;
  was jsonb;
  becomes jsonb;
  made admin_acts;
begin
  if tg_op <> 'INSERT' then was := to_jsonb(old) - 'updated_at'; end if;
  if tg_op <> 'DELETE' then becomes := to_jsonb(new) - 'updated_at'; end if;
  if was = becomes then return null; end if;
  insert into admin_acts (role, name, address, act, kind, object, professions, before, after, withheld)
  values (coalesce(actor ->> 'role', 'database'), coalesce(actor ->> 'name', session_user),
    coalesce(actor ->> 'address', host(inet_client_addr())), coalesce(actor ->> 'act', lower(tg_op) || ' ' || tg_table_name),
    tg_argv[0], coalesce(becomes, was) ->> tg_argv[1],
    array(select distinct p from unnest(array[was, becomes]) o, act_profession(tg_argv[0], o) p where p is not null order by p),
    shown_of(was - hidden), shown_of(becomes - hidden),
    array(select h from unnest(hidden) h where was -> h is distinct from becomes -> h
      and coalesce(nullif(was -> h, 'null'), nullif(becomes -> h, 'null')) is not null order by h))
  returning * into made;
  insert into admin_act_places (id, territory, kind, at)
  select distinct made.id, coalesce(t, ''), made.kind, made.at
  from (select) as one left join (
    select t from unnest(array[was, becomes]) o, act_territories(made.kind, o) t where t is not null) as known on true;
  return null;
end
$$;

-- A place as people read it.
create function shown_of(object jsonb) returns jsonb immutable language sql set search_path = public, pg_temp as $$
  select case when object ->> 'location' is null then object
    else object || jsonb_build_object('location', ST_AsText((object ->> 'location')::geography)) end
$$;

create trigger products_journal after insert or update or delete on products
  for each row execute function journal_act('product', 'code', '');
create trigger product_packs_journal after insert or update or delete on product_packs
  for each row execute function journal_act('pack', 'gtin14', '');
create trigger pharmacies_journal after insert or update or delete on pharmacies
  for each row execute function journal_act('pharmacy', 'finess', '');
create trigger persons_journal after insert or update or delete on persons
  for each row execute function journal_act('professional', 'id', 'family_name given_name speciality practice_location');
create trigger person_identifiers_journal after insert or update or delete on person_identifiers
  for each row execute function journal_act('number', 'person_id', 'identifier');
create trigger allocation_rules_journal after insert or update or delete on allocation_rules
  for each row execute function journal_act('rule', 'id', '');
create trigger clients_journal after insert or update or delete on clients
  for each row execute function journal_act('client', 'id', '');
create trigger client_secrets_journal after insert or update or delete on client_secrets
  for each row execute function journal_act('secret', 'client_id', 'hash');
create trigger client_grants_journal after insert or update or delete on client_grants
  for each row execute function journal_act('grant', 'client_id', '');

grant select on admin_acts, admin_act_places to gomask_app;
