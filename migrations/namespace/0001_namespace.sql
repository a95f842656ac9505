-- Which schema this database holds, and how far it has been migrated: one row. An object that
-- was woken for a namespace that does not exist has no such table, and no other.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'namespace'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

INSERT INTO schema_version (singleton, kind, version) VALUES (1, 'namespace', 1);

-- The namespace itself: one row.
CREATE TABLE namespace (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 2 AND 63),
    created_at INTEGER NOT NULL
) STRICT;

-- A repository of the namespace: the authority for its name, and a copy of what lists show (the
-- repository's own object has the original, so all columns but the first four can be rebuilt).
-- A row is 'creating' from the moment the name is taken until the repository's object exists.
CREATE TABLE repository (
    -- The name in lower case: names are unique without regard to case.
    name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key = lower(name)),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    id TEXT NOT NULL CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    state TEXT NOT NULL CHECK (state IN ('creating', 'live')),
    description TEXT NOT NULL DEFAULT '',
    default_branch TEXT NOT NULL,
    read_only INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    public INTEGER NOT NULL CHECK (public IN (0, 1)),
    source TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_push_at INTEGER
) STRICT, WITHOUT ROWID;

-- The order in which repositories are listed unless asked otherwise. Never changes for a row,
-- so it costs one row written in a repository's life. The other orders sort as they are asked.
CREATE INDEX repository_by_creation ON repository (created_at);

-- A token's id starts with half of its repository's id; `DELETE /namespaces/:ns/tokens/:id` names
-- no repository and finds it by this. Never changes either.
CREATE INDEX repository_by_id ON repository (id);

-- A repository whose name is free again but whose object still has to be emptied. The row goes
-- when that is done, so that an interrupted deletion is taken up again.
CREATE TABLE deletion (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    name TEXT NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A token that administers the namespace; as the table of the same name in a repository.
CREATE TABLE token (
    sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    label TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    revoked_at INTEGER,
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
