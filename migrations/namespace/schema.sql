-- The newest schema of a namespace's database, in one piece. A new namespace is made by this
-- script; an older database reaches the same schema through the numbered files beside it, and a
-- test compares the two.

-- Which schema this database holds, and how far it has been migrated: one row. An object that was
-- woken for a namespace that does not exist has neither this table nor another.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'namespace'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- The namespace itself: one row.
CREATE TABLE namespace (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    name TEXT NOT NULL CHECK (length(name) BETWEEN 2 AND 63),
    created_at INTEGER NOT NULL,
    -- The setting of the same name that repositories made in this namespace take, unless their
    -- maker says otherwise.
    fsck_strict INTEGER NOT NULL DEFAULT 0 CHECK (fsck_strict IN (0, 1)),
    -- `read_only` is 1 where no repository of the namespace takes a push, `suspended` where nobody but
    -- the operator gets anything from it.
    read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1)),
    suspended INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1)),
    -- Tokens that were made before this time are revoked, those of the repositories too. 0: no token is.
    token_epoch INTEGER NOT NULL DEFAULT 0,
    -- Grows with each change of the three above and of the bounds below: a repository takes the newest.
    standing_version INTEGER NOT NULL DEFAULT 0,
    -- How far its repositories have been told the newest version: the name_key of the last one told.
    -- NULL: all have.
    standing_told TEXT,
    -- The bytes and the repositories that the namespace may have. NULL: no bound.
    bytes_max INTEGER CHECK (bytes_max >= 0),
    repos_max INTEGER CHECK (repos_max >= 0),
    -- Issuers of signed tokens that the namespace trusts, and the rules for their claims, as JSON. NULL:
    -- none.
    issuers TEXT CHECK (issuers IS NULL OR json_valid(issuers))
) STRICT;

-- A repository of the namespace: the authority for its name, and a copy of the fields that lists show (the
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
    last_push_at INTEGER,
    -- The figures that quotas add up: bytes and objects of live packs, and bytes of large files.
    size_bytes INTEGER NOT NULL DEFAULT 0,
    object_count INTEGER NOT NULL DEFAULT 0,
    lfs_bytes INTEGER NOT NULL DEFAULT 0,
    -- The figures that usage adds up: the size of its database, and the bytes that R2 has for it.
    database_bytes INTEGER NOT NULL DEFAULT 0,
    r2_bytes INTEGER NOT NULL DEFAULT 0,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;

-- The order in which repositories are listed unless asked otherwise. It never changes for a row, so
-- it costs one row written in a repository's life. The other orders sort when somebody asks for them.
CREATE INDEX repository_by_creation ON repository (created_at);

-- A token's id starts with half of its repository's id; `DELETE /namespaces/:ns/tokens/:id` names
-- no repository and finds it by this. It never changes either.
CREATE INDEX repository_by_id ON repository (id);

-- A repository whose name is free again but whose object still has to be emptied. The row goes
-- when that is done, so that an interrupted deletion is taken up again.
CREATE TABLE deletion (
    id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    name TEXT NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A token of the namespace; otherwise as the table of the same name in a repository.
CREATE TABLE token (
    sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    -- 'admin' administers the namespace; 'read' and 'write' open its repositories, for builds that
    -- fetch several.
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    label TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    revoked_at INTEGER,
    last_used_at INTEGER,
    -- NULL: every repository, later ones too. Otherwise the ids of those that the token opens, with
    -- a space between two. Ids and not names: a name would open any repository that gets it later.
    repository_ids TEXT
        CHECK (repository_ids IS NULL OR (scope <> 'admin' AND length(repository_ids) >= 16)),
    -- Rules about refs, as a repository's are.
    refs TEXT CHECK (refs IS NULL OR json_valid(refs))
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

-- The events of the namespace: those of its repositories as their objects hand them over, and its own, in one
-- order.
CREATE TABLE event (
    -- The namespace's own order: 1, 2, 3, … without gaps. Old rows go from the lower end; the newest
    -- stays, since the next one counts on from it.
    sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
    -- The repository that it happened to; empty: the namespace itself.
    repository_id TEXT NOT NULL CHECK (length(repository_id) IN (0, 16)),
    -- Its place in that repository's order.
    source_sequence INTEGER NOT NULL CHECK (source_sequence > 0),
    at INTEGER NOT NULL,
    -- The type without its prefix, as `repo.pushed`.
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    -- Payload, actor, names and request id, as JSON. It holds no secret.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- How far the events of each repository have been taken: a repository hands an event over at least
-- once, and by this it is taken once. The row outlives the repository, whose last event is that it
-- was deleted.
CREATE TABLE event_source (
    -- The repository; empty: the namespace itself.
    repository_id TEXT NOT NULL PRIMARY KEY CHECK (length(repository_id) IN (0, 16)),
    taken INTEGER NOT NULL CHECK (taken > 0)
) STRICT, WITHOUT ROWID;

-- How far events were sent to the queue, if the deployment has one: one row, from the first on.
CREATE TABLE event_queue (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    sent INTEGER NOT NULL CHECK (sent >= 0)
) STRICT;

-- A webhook of the namespace, or of one of its repositories.
CREATE TABLE webhook (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    -- The repository whose events it gets; empty: those of all, and the namespace's own.
    repository_id TEXT NOT NULL CHECK (length(repository_id) IN (0, 16)),
    url TEXT NOT NULL,
    -- JSON arrays: types of events, and patterns of refs. NULL in `refs`: every ref.
    events TEXT NOT NULL CHECK (json_valid(events)),
    refs TEXT CHECK (refs IS NULL OR json_valid(refs)),
    -- The key that signs, and the one before it while both do.
    secret TEXT NOT NULL,
    former_secret TEXT,
    former_secret_until INTEGER,
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    -- Why Cairn switched it off; NULL: it did not.
    disabled_reason TEXT,
    -- Grows with each change: the hook's object takes the newest. The second one is the version that
    -- this object needs not tell it any more.
    version INTEGER NOT NULL CHECK (version > 0),
    told_version INTEGER NOT NULL CHECK (told_version BETWEEN 0 AND version),
    -- 1: its repository was deleted. The row goes once the hook's object has the last event.
    is_ending INTEGER NOT NULL DEFAULT 0 CHECK (is_ending IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The webhooks of a repository, oldest first.
CREATE INDEX webhook_repository ON webhook (repository_id, created_at);

-- Finds the webhooks whose objects do not know the newest version; there are few.
CREATE INDEX webhook_untold ON webhook (id) WHERE told_version < version OR is_ending = 1;

-- A webhook that was deleted, whose object is still to be emptied.
CREATE TABLE webhook_deletion (
    webhook_id TEXT NOT NULL PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- An event that a webhook's object has not been given yet. The row is written with the event.
CREATE TABLE webhook_pending (
    webhook_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, sequence)
) STRICT, WITHOUT ROWID;

-- A signed token that was taken back before its time: by issuer and `jti`. The row goes when the token
-- has ended by itself.
CREATE TABLE revoked_signed_token (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, jti)
) STRICT, WITHOUT ROWID;

-- Pushes, fetches and bytes of a day, over all repositories.
CREATE TABLE usage_day (
    -- Days since 1970-01-01.
    day INTEGER PRIMARY KEY,
    pushes INTEGER NOT NULL DEFAULT 0,
    fetches INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A repository that was deleted and can still be restored.
CREATE TABLE deleted_repository (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    -- The object that has it.
    object_name TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    -- When it goes for good.
    purge_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A name that a repository had before it got another one: a request for the old name is told where the
-- repository is now. The row goes when the name is taken.
CREATE TABLE former_name (
    name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key = lower(name_key)),
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16)
) STRICT, WITHOUT ROWID;

-- An administrative act: its actor, its time, and its request. It holds no secret.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- As `token.revoked`.
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    -- Actor, subject, details and request id, as JSON.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- Bytes that a request under way may bring to a repository, where the namespace has a bound on bytes:
-- they count until the repository tells their result, or until the time is up.
CREATE TABLE room_claim (
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16),
    -- 0: the claim of the request that brings the repository into the namespace.
    number INTEGER NOT NULL CHECK (number >= 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    -- Unix milliseconds.
    until INTEGER NOT NULL,
    PRIMARY KEY (repository_id, number)
) STRICT, WITHOUT ROWID;

-- The jurisdiction in which the namespace is kept, where that is not here. The object outside of every
-- jurisdiction has this row, and nothing else of a namespace that is kept in one; so no namespace of this
-- name can be made here. No row: nobody has said where the namespace is to be kept.
CREATE TABLE place (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- Cloudflare's name of it. 'unrestricted': a namespace of this name was kept here, and was deleted.
    jurisdiction TEXT NOT NULL CHECK (length(jurisdiction) BETWEEN 2 AND 32),
    -- Unix milliseconds until which the name gets no other place, since the Worker may still remember
    -- this one. NULL: for ever.
    until INTEGER
) STRICT;
