-- Who ended a token before its time is in the journal too. That it is forgotten once it would have ended is nobody's act.

create trigger revoked_tokens_journal after insert on revoked_tokens
  for each row execute function journal_act('token', 'id', '');
