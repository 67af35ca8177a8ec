-- Tokens of this service that were revoked before their end, which every process must know within a second.

create table revoked_tokens (
  id uuid primary key, -- The token's jti.
  revoked_at timestamptz(3) not null default clock_timestamp(),
  -- When the token would have ended by itself.
  forget_at timestamptz(3) not null
);

create trigger standing_changes after insert on revoked_tokens
  for each statement execute function standing_changes();

grant select, insert, delete on revoked_tokens to gomask_app;
