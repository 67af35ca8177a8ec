-- Reference data: what is distributed, where, and who the pharmacies and professionals are.

create extension if not exists postgis;
create extension if not exists btree_gist;

create table products (
  code text primary key constraint products_code_form check (code ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
  name text not null,
  kind text not null,
  active boolean not null default true,
  updated_at timestamptz(3) not null default clock_timestamp()
);

-- One GTIN is written with 8, 12, 13 or 14 digits: in 14, with zeros in front, all of them compare equal. gtin is as given.
create table product_packs (
  gtin14 text primary key constraint product_packs_gtin14_form check (gtin14 ~ '^[0-9]{14}$'),
  gtin text not null constraint product_packs_gtin_is_gtin14 check (lpad(gtin, 14, '0') = gtin14),
  product text not null references products,
  position smallint not null,
  units_per_box integer not null constraint product_packs_units_per_box_range check (units_per_box between 1 and 1000000)
);
create index product_packs_product on product_packs (product);

create table territories (
  code text primary key,
  name text not null,
  kind text not null constraint territories_kind check (kind in ('country', 'region', 'department')),
  parent text references territories,
  time_zone text not null
);

create table pharmacies (
  finess text primary key constraint pharmacies_finess_form check (finess ~ '^[0-9][0-9AB][0-9]{7}$'),
  name text not null,
  address text not null,
  location geography(Point, 4326) not null,
  opening_hours text,
  phone text,
  territory text not null references territories,
  status text not null constraint pharmacies_status check (status in ('active', 'suspended', 'closed')),
  updated_at timestamptz(3) not null default clock_timestamp()
);

create index pharmacies_nearest on pharmacies using gist (location) where status = 'active';

-- A person is known to the history by this surrogate id alone, so that names and national numbers can be erased.
-- merged_into names the person that continues the history when two records turn out to be one human being.
create table persons (
  id uuid primary key,
  profession text not null,
  speciality text,
  family_name text not null,
  given_name text not null,
  status text not null constraint persons_status check (status in ('active', 'suspended')),
  practice_location geography(Point, 4326),
  practice_territory text references territories,
  merged_into uuid references persons constraint persons_merged_into_another check (merged_into <> id),
  updated_at timestamptz(3) not null default clock_timestamp()
);
create index persons_merged_into on persons (merged_into) where merged_into is not null;

create table person_identifiers (
  identifier text primary key constraint person_identifiers_form check (identifier ~ '^([0-9]{11}|[0-9A-Z]{9})$'),
  person_id uuid not null references persons
);
create index person_identifiers_person on person_identifiers (person_id);
