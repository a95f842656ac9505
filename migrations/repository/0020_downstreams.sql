-- Repositories elsewhere that follow this one.

-- A downstream: a repository elsewhere that gets what changes here. They are few, so that all are read
-- at once.
CREATE TABLE downstream (
    downstream_id TEXT NOT NULL PRIMARY KEY CHECK (length(downstream_id) = 16),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- Which refs go there and how, as JSON: a whole that is never searched.
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    -- Sealed with the operator's key. NULL: the remote asks for none.
    credentials TEXT,
    -- 0: nothing is pushed.
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    -- The last entry of the reflog when the last push began that was settled: while there are later
    -- ones, something may be due. 0: nothing was pushed yet.
    reflog_seq INTEGER NOT NULL DEFAULT 0 CHECK (reflog_seq >= 0),
    -- 1: somebody asked for a push, which has not begun.
    asked INTEGER NOT NULL DEFAULT 1 CHECK (asked IN (0, 1)),
    -- Attempts in a row that were not settled, the one under way included. It is written before each, so
    -- that one that ends with the object counts as well.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When the next attempt may begin, where there was one.
    retry_at INTEGER,
    -- How many pushes are on record, those included that have gone from there.
    push_count INTEGER NOT NULL DEFAULT 0 CHECK (push_count >= 0)
) STRICT, WITHOUT ROWID;

-- A push to a downstream that is over. The newest of each are kept.
CREATE TABLE downstream_push (
    downstream_id TEXT NOT NULL,
    -- 1, 2, 3, … for each downstream.
    number INTEGER NOT NULL CHECK (number > 0),
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('pushed', 'refused', 'failed')),
    -- What became of refs, and why the push failed, as JSON.
    report TEXT NOT NULL CHECK (json_valid(report)),
    PRIMARY KEY (downstream_id, number)
) STRICT, WITHOUT ROWID;
