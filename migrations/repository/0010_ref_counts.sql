-- How many refs there are, and bytes of their names together: kept by every push that makes or
-- deletes one, so that a bound on them costs no count of all. NULL: not counted since an earlier
-- version wrote them, or since they came with a fork or a recovery; the next push that makes or
-- deletes a ref counts once.
ALTER TABLE repository ADD COLUMN ref_count INTEGER;
ALTER TABLE repository ADD COLUMN ref_name_bytes INTEGER;
