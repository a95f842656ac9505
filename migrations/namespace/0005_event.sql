-- What happened in the namespace: the events of its repositories as their objects hand them over, and
-- the namespace's own, in one order.
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
    -- JSON arrays: types of events, and patterns of refs. Of `refs`, NULL: every ref.
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

-- Finds the webhooks whose objects do not know the newest version, of which there are few.
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
