-- Apps are clients of role professional: each exchanges the tokens that one issuer gave it, under the issuer's names for it.

alter table clients add column exchange jsonb
  constraint clients_exchange_of_app check (exchange is null or role = 'professional');
