-- The database and its three roles. For psql as an administrator of the server; safe to run again:
--   OWNER_PASSWORD=… SERVICE_PASSWORD=… psql --file deploy/logins.sql postgres
-- gomask_app      what the service may do: the migrations give it its privileges, and nobody logs in as it
-- gomask_owner    owns the tables: for `gomask migrate` alone
-- gomask_service  for all the rest: a member of gomask_app, and nothing more
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv service_password SERVICE_PASSWORD

select format('create role %I', missing) from unnest(array['gomask_app', 'gomask_owner', 'gomask_service']) missing
where not exists (select from pg_roles where rolname = missing) \gexec
alter role gomask_owner login password :'owner_password';
alter role gomask_service login password :'service_password';
grant gomask_app to gomask_service;

select 'create database gomask owner gomask_owner'
where not exists (select from pg_database where datname = 'gomask') \gexec
\connect gomask
create extension if not exists postgis;
create extension if not exists btree_gist;
