-- Keys of entries and movements keep only what these do not tell of the first answer. Keys that are there stay as they are.

alter table idempotency_keys add column made uuid;
