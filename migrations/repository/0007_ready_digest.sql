-- How a ready clone is told from one whose bytes were changed in R2. Both are NULL in the row of one
-- that was made before these were noted: it is served, and the next verification makes another.
-- SHA-256 of the R2 object's bytes: verification reads them and compares.
ALTER TABLE ready_clone ADD COLUMN sha256 BLOB CHECK (length(sha256) = 32);
-- R2's own name of the bytes that were written: every clone that is served compares it.
ALTER TABLE ready_clone ADD COLUMN etag TEXT;
