-- What fsck has warned of since the repository was made: for each of git's message ids, how many
-- objects with that fault pushes and imports have brought. A push that gives rise to no warning
-- writes no row, and an object that comes twice counts twice.
CREATE TABLE fsck_warning (
    message TEXT PRIMARY KEY,
    object_count INTEGER NOT NULL CHECK (object_count > 0)
) STRICT, WITHOUT ROWID;

-- What an import or a fork has to say about itself once it is done: one row, written with what it
-- brings, and absent from repositories that an earlier version imported or forked. Each column is
-- JSON as REST shows it: bounded, never searched, and read as a whole.
CREATE TABLE origin_report (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- What fsck warned of in the objects of an import. NULL: a fork brings no object of its own.
    fsck_warnings TEXT CHECK (fsck_warnings IS NULL OR json_valid(fsck_warnings)),
    -- The source's refs that were left out. NULL: the import is not done yet.
    skipped_refs TEXT CHECK (skipped_refs IS NULL OR json_valid(skipped_refs))
) STRICT;
