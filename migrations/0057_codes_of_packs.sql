-- The French trade codes of packs: the CIP13, which is printed as a bar code of its own, and the ACL.
alter table product_packs
  add column acl text constraint product_packs_acl_form check (acl ~ '^([0-9]{7}|[0-9]{13})$'),
  add column cip13 text constraint product_packs_cip13_form check (cip13 ~ '^[0-9]{13}$');
create unique index product_packs_cip13 on product_packs (cip13) where cip13 is not null;
