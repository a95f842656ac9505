-- An import takes objects of Git LFS along, once its refs are here.

-- An object that the import under way is to take. Its row goes when the object is here; those that
-- are left at the end are what the import did not get.
CREATE TABLE import_lfs (
    -- SHA-256 of its bytes: its name in Git LFS.
    oid BLOB NOT NULL PRIMARY KEY CHECK (length(oid) = 32),
    -- Its bytes, as the pointer says.
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0),
    -- Why it is not asked for again, for people. NULL: it may still come.
    refusal TEXT
) STRICT, WITHOUT ROWID;

-- How far the import is with them. NULL: it leaves them out. 0: refs first. 1: it looks for their
-- pointers. 2: it takes them.
ALTER TABLE import ADD COLUMN lfs INTEGER CHECK (lfs IN (0, 1, 2));

-- While it takes them: how often it went through all of them, and the last one that it asked for in
-- this pass.
ALTER TABLE import ADD COLUMN lfs_pass INTEGER NOT NULL DEFAULT 0 CHECK (lfs_pass >= 0);
ALTER TABLE import ADD COLUMN lfs_after BLOB NOT NULL DEFAULT x'';

-- What an import says about the objects of Git LFS: how many came, and which did not.
ALTER TABLE origin_report ADD COLUMN lfs TEXT CHECK (lfs IS NULL OR json_valid(lfs));
