-- What was there before records were, read through without keeping anybody from the log.
alter table log_leaves validate constraint log_leaves_of_one;
