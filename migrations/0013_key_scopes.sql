-- Idempotency keys of pharmacies name the pharmacy in their scope, for how many it may be that the caller acts; those of professionals are found by their number.

-- Keys stored without it are put in their new place, so that their retries are answered again. Answers about an entry, a
-- movement or a reservation name the pharmacy; a count's is that of the movement which it made.
with counts as (
  select k.scope, k.key, min(m.pharmacy) as pharmacy
  from idempotency_keys k
  join stock_movements m on m.kind = 'count' and m.product = k.response ->> 'product'
    and m.recorded_at = (k.response ->> 'observedAt')::timestamptz
  where split_part(k.scope, chr(10), 2) = 'pharmacy' and json_typeof(k.response -> 'pharmacy') is null
  group by k.scope, k.key having count(distinct m.pharmacy) = 1
), places as (
  select scope, key, case json_typeof(response -> 'pharmacy')
    when 'string' then response ->> 'pharmacy' when 'object' then response -> 'pharmacy' ->> 'finess' end as pharmacy
  from idempotency_keys where split_part(scope, chr(10), 2) = 'pharmacy'
  union all select scope, key, pharmacy from counts
)
update idempotency_keys k set scope = k.scope || chr(10) || p.pharmacy
from places p
where p.scope = k.scope and p.key = k.key and p.pharmacy is not null and split_part(k.scope, chr(10), 4) = ''
  and not exists (
    select from idempotency_keys there where there.scope = k.scope || chr(10) || p.pharmacy and there.key = k.key);

-- Of every issuer, also of those that are configured no more: an erasure deletes them.
create index idempotency_keys_of_professionals on idempotency_keys (split_part(scope, chr(10), 3))
  where split_part(scope, chr(10), 2) = 'professional';
