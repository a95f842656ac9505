-- The newest schema of a fork network's database, in one piece. A new network is made by this
-- script; an older database reaches the same schema through the numbered files beside it, and a
-- test compares the two.

-- Which schema this database holds, and how far it has been migrated: one row.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'network'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- A fork network is a repository and its forks, and theirs. A repository of it names an object in R2,
-- a pack or an object of Git LFS: as long as there is such a row, the R2 object stays. The row is
-- written before the object is.
CREATE TABLE pack_holder (
    r2_key TEXT NOT NULL CHECK (length(r2_key) > 0),
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16),
    -- For an object of Git LFS: when the repository took it last. A release that was decided earlier
    -- comes too late. 0: any release ends it.
    taken_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (r2_key, repository_id)
) STRICT, WITHOUT ROWID;

-- Finds the objects that a repository named which leaves the network.
CREATE INDEX pack_holder_by_repository ON pack_holder (repository_id);

-- An object in R2 that no repository names any more, and when its object goes. A repository that takes
-- it before that saves it; once the removal has begun, the repository must wait for its end.
CREATE TABLE doomed_pack (
    r2_key TEXT NOT NULL PRIMARY KEY,
    due_at INTEGER NOT NULL,
    removing INTEGER NOT NULL DEFAULT 0 CHECK (removing IN (0, 1)),
    -- 1: an object of Git LFS that R2 has removed once. An upload that lasted longer than its row may
    -- have written it since; so it is removed once more.
    removed_once INTEGER NOT NULL DEFAULT 0 CHECK (removed_once IN (0, 1))
) STRICT, WITHOUT ROWID;

-- Finds the next removal.
CREATE INDEX doomed_pack_by_due ON doomed_pack (due_at);

-- A repository that was deleted: its later requests were sent before and come too late. The
-- row stays for as long as that can happen.
CREATE TABLE departure (
    repository_id TEXT NOT NULL PRIMARY KEY CHECK (length(repository_id) = 16),
    departed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The name under which a repository of the network is reached, which is the name of its object.
-- Noted whenever it takes a key, so that the network can be purged of objects that one of its repositories
-- removed.
CREATE TABLE member (
    repository_id TEXT NOT NULL PRIMARY KEY CHECK (length(repository_id) = 16),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
