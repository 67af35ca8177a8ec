-- concurrently
-- Who practises in a territory, for what a regulator of few people may see.
create index concurrently if not exists persons_of_practice_territory on persons (practice_territory);
