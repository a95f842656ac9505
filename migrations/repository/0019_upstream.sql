-- Repositories that follow another one elsewhere.

-- The upstream: where the repository's refs come from. One row, or none.
CREATE TABLE upstream (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- Refspecs: which refs there become which refs here. A JSON array of texts.
    refs TEXT NOT NULL CHECK (json_valid(refs)),
    -- What becomes of a ref that has changed on both sides. 'read_only': pushes to mirrored refs are
    -- refused, so that none has. 'fast_forward': it is left and reported. 'force': upstream's wins.
    policy TEXT NOT NULL CHECK (policy IN ('read_only', 'fast_forward', 'force')),
    -- Seconds between two syncs. NULL: only when somebody asks.
    interval_seconds INTEGER CHECK (interval_seconds > 0),
    -- 1: a ref that upstream no longer has is deleted here too.
    prune INTEGER NOT NULL CHECK (prune IN (0, 1)),
    -- Sealed with the operator's key. NULL: upstream asks for none.
    credentials TEXT,
    -- The secret with which upstream signs its webhook. NULL: it has none.
    webhook_secret TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- A sync with the upstream: the row is written when it is asked for, and once more when it is over. The
-- newest ones are kept.
CREATE TABLE upstream_sync (
    seq INTEGER PRIMARY KEY,
    asked_by TEXT NOT NULL CHECK (asked_by IN ('settings', 'request', 'interval', 'webhook')),
    asked_at INTEGER NOT NULL,
    -- Attempts in a row, the one under way included. It is written before each but the first, so that an
    -- attempt that ends with the object counts as well.
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    -- NULL: it is still to be done, or under way.
    finished_at INTEGER,
    outcome TEXT CHECK (outcome IN ('unchanged', 'updated', 'failed')),
    -- How many syncs have failed in a row, with this one.
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    -- What became of refs, and why it failed: JSON. NULL: there is nothing to say.
    report TEXT CHECK (report IS NULL OR json_valid(report)),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT;

-- A ref that went different ways here and in the upstream, and was left. While both stand where they
-- stood, nothing is fetched for it and nothing is told again.
CREATE TABLE upstream_diverged (
    name BLOB NOT NULL PRIMARY KEY CHECK (substr(name, 1, 5) = x'726566732f'),
    here BLOB NOT NULL CHECK (length(here) = 20),
    there BLOB NOT NULL CHECK (length(there) = 20),
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
