-- A commit that is kept without its parents: the edge of a history that was imported in part. To
-- everything here it has none; clients are told, and keep it so themselves.
CREATE TABLE shallow (
    commit_id BLOB NOT NULL PRIMARY KEY CHECK (length(commit_id) = 20)
) STRICT, WITHOUT ROWID;

-- The import that fills this repository: one row while it runs, none before and after. Its
-- credentials are not here, nor anywhere else but in memory.
CREATE TABLE import (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- The one branch wanted, by its short name; NULL: all.
    branch TEXT,
    -- Commits of history wanted from each branch; NULL: all.
    depth INTEGER CHECK (depth > 0),
    -- Whether it began with credentials: without them it need not be tried again.
    had_credentials INTEGER NOT NULL CHECK (had_credentials IN (0, 1)),
    started_at INTEGER NOT NULL,
    -- Attempts in a row that brought nothing, the running one included: written before each, so
    -- that one that ends with the object counts as well.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Commits in each part; NULL: the history is fetched whole.
    part_commits INTEGER CHECK (part_commits > 0),
    -- Parts that are live.
    parts_done INTEGER NOT NULL DEFAULT 0 CHECK (parts_done >= 0)
) STRICT;

-- Where the history of an import is cut: after part n these commits reach everything fetched so
-- far, and no commit of it has a child there. Number 0 are those that were here before.
CREATE TABLE import_frontier (
    number INTEGER PRIMARY KEY CHECK (number >= 0),
    -- Their ids, 20 bytes each.
    commit_ids BLOB NOT NULL CHECK (length(commit_ids) % 20 = 0)
) STRICT;
