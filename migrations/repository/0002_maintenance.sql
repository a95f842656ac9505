-- How long things are kept that nobody may need any more, in seconds; the operator's choice.
-- Objects that no ref and no kept reflog entry reaches, counted from the publishing of their pack
-- (git's gc.pruneExpire: two weeks).
ALTER TABLE repository ADD COLUMN prune_grace_seconds INTEGER NOT NULL DEFAULT 1209600
    CHECK (prune_grace_seconds >= 0);
-- Entries of the reflog (git's gc.reflogExpire: ninety days).
ALTER TABLE repository ADD COLUMN reflog_retention_seconds INTEGER NOT NULL DEFAULT 7776000
    CHECK (reflog_retention_seconds >= 0);
-- Packs that were merged into others, counted from then.
ALTER TABLE repository ADD COLUMN superseded_grace_seconds INTEGER NOT NULL DEFAULT 3600
    CHECK (superseded_grace_seconds >= 0);

-- When it was last looked for objects to prune, and the last reflog entry that counted then; 0
-- before the first time. While no ref has changed since, there is little to look for.
ALTER TABLE repository ADD COLUMN pruned_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN pruned_reflog_seq INTEGER NOT NULL DEFAULT 0;

-- A run of maintenance, for people and for the decision when to try again after a failure. The
-- last hundred are kept. A run that may be long has its row from the start, so that an object
-- that was ended in its middle finds what it left behind; a short one is written down when it is
-- over.
CREATE TABLE maintenance_run (
    seq INTEGER PRIMARY KEY,
    -- What was done: 'merge', 'sweep', 'reflog', 'prune', 'verify', 'rebuild', ...
    task TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'failed', 'interrupted')),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    -- The pack in quarantine that the run was filling; it goes when the run is interrupted.
    pack_id INTEGER,
    -- Packs and objects taken in, bytes and rows written or removed.
    packs INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    -- Why it failed, or what it found.
    detail TEXT NOT NULL DEFAULT '',
    CHECK ((outcome = 'running') = (finished_at IS NULL))
) STRICT;
