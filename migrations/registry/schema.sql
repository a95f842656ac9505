-- The newest schema of the registry of namespaces, in one piece. A new registry is made by this
-- script; an older database reaches the same schema through the numbered files beside it, and a
-- test compares the two. The registry is derived data, so that namespaces can be listed at all:
-- each namespace's own object is the authority.

-- Which schema this database holds, and how far it has been migrated: one row.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'registry'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- A namespace. The time tells a deleted one from a later one of the same name.
CREATE TABLE namespace (
    -- The name in lower case: names are unique without regard to case.
    name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key = lower(name)),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 2 AND 63),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A request that makes something and was sent with an Idempotency-Key: the same request sent again
-- gets the first one's answer. Rows go after a day, and the oldest go when there are too many;
-- `seq` grows with time, so that neither needs an index.
CREATE TABLE idempotency (
    seq INTEGER PRIMARY KEY,
    -- SHA-256 of the caller's credential and the key: no caller meets another's.
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
    -- SHA-256 of path and body: the same key with another request is refused.
    request BLOB NOT NULL CHECK (length(request) = 32),
    -- Random. With it, the caller's credential and the key, ids and token of the answer are drawn,
    -- so that no token need be kept.
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    started_at INTEGER NOT NULL,
    -- Time of the last beginning: a request that broke off may be begun again.
    begun_at INTEGER NOT NULL,
    -- NULL while it is under way.
    status INTEGER,
    -- A NUL stands in the place of its token.
    answer TEXT
) STRICT;

-- An administrative act on a namespace as a whole: made, listed again, deleted. It holds no secret, and
-- outlives the namespace, whose own log ends with it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- As `namespace.deleted`.
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    -- Actor, details and request id, as JSON.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
