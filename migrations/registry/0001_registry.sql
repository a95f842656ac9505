-- The registry of namespaces: which there are. Derived data (each namespace has its own object,
-- which is the authority), so that namespaces can be listed at all.

-- What kind of schema this database has, and its version: one row.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'registry'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

INSERT INTO schema_version (singleton, kind, version) VALUES (1, 'registry', 1);

-- A namespace. The time tells one that was deleted from one made later under the same name.
CREATE TABLE namespace (
    -- The name in lower case: names are unique without regard to case.
    name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key = lower(name)),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 2 AND 63),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
