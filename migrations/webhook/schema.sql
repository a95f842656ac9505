-- The newest schema of a webhook's database, in one piece. A new webhook is made by this script; an
-- older database reaches the same schema through the numbered files beside it, and a test compares
-- the two.

-- Which schema this database holds, and how far it has been migrated: one row.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'webhook'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- The webhook as its namespace's object told it last: one row.
CREATE TABLE webhook (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The definition, secrets included, as JSON, and its version: an older one is not taken.
    definition TEXT NOT NULL CHECK (json_valid(definition)),
    version INTEGER NOT NULL CHECK (version > 0),
    -- The last event that came. They come in order, so that a version that is not newer came before.
    taken INTEGER NOT NULL DEFAULT 0 CHECK (taken >= 0),
    -- Since when nothing but failures came back; NULL: the last attempt went well, or there was none.
    failing_since INTEGER,
    -- Why this object switched the webhook off, until the namespace's object knows; NULL: it did not.
    disabled_reason TEXT
) STRICT;

-- One event on its way to the receiver, and its result. Rows stay a while for people to read.
CREATE TABLE delivery (
    -- The order in which events came.
    seq INTEGER PRIMARY KEY,
    -- Events of one repository are delivered one after another; empty: the namespace's own.
    repository_id TEXT NOT NULL,
    -- The event's sequence in the namespace. NULL: a ping or a redelivery, which stands outside the
    -- order.
    sequence INTEGER,
    event_id TEXT NOT NULL,
    -- The event's type as it is sent, with its prefix.
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up', 'dropped')),
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- When it is tried next; NULL: it is not pending, or another of its repository stands before it.
    due_at INTEGER,
    -- The last attempt: when it began, how long it took, the status, the first KiB of the answer or the
    -- fault.
    attempted_at INTEGER,
    duration_ms INTEGER,
    status INTEGER,
    answer TEXT,
    -- The event's JSON as it is sent.
    body TEXT NOT NULL,
    CHECK (due_at IS NULL OR state = 'pending')
) STRICT;

-- Finds the next delivery of a repository.
CREATE INDEX delivery_pending ON delivery (repository_id, seq)
    WHERE state = 'pending' AND sequence IS NOT NULL;

-- Finds the deliveries to try next.
CREATE INDEX delivery_due ON delivery (due_at) WHERE due_at IS NOT NULL;
