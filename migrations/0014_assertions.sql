-- Assertions that clients authenticated with (RFC 7523), so that each works once, whichever process it is sent to.

-- Of the jti its SHA-256 alone: it is the client's text, of any length and content.
create table client_assertions (
  client_id uuid not null references clients,
  jti_hash bytea not null constraint client_assertions_jti_hash_length check (length(jti_hash) = 32),
  -- Later than the assertion itself expires.
  forget_at timestamptz(3) not null,
  primary key (client_id, jti_hash)
);
create index client_assertions_forgotten on client_assertions (forget_at);

-- Update is for the row locks of forgetting.
grant select, insert, update, delete on client_assertions to gomask_app;
