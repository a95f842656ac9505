-- What kind of schema this database has, and its version: one row.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'network'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

INSERT INTO schema_version (singleton, kind, version) VALUES (1, 'network', 1);

-- A fork network is a repository and its forks, and theirs. A repository of it names a pack in R2:
-- as long as there is such a row, the R2 object stays. Taken before the object is written.
CREATE TABLE pack_holder (
    r2_key TEXT NOT NULL CHECK (length(r2_key) > 0),
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16),
    PRIMARY KEY (r2_key, repository_id)
) STRICT, WITHOUT ROWID;

-- Finds what a repository that leaves the network has named.
CREATE INDEX pack_holder_by_repository ON pack_holder (repository_id);

-- A pack in R2 that nobody names any more, and when its object goes. Whoever takes it before that
-- saves it; once the removal has begun, it must be waited for.
CREATE TABLE doomed_pack (
    r2_key TEXT NOT NULL PRIMARY KEY,
    due_at INTEGER NOT NULL,
    removing INTEGER NOT NULL DEFAULT 0 CHECK (removing IN (0, 1))
) STRICT, WITHOUT ROWID;

-- A repository that was deleted: what it still asks for was sent before and comes too late. Kept
-- for as long as that can happen.
CREATE TABLE departure (
    repository_id TEXT NOT NULL PRIMARY KEY CHECK (length(repository_id) = 16),
    departed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
