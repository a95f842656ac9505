-- The recovery that makes this repository of what R2 has of a lost one: one row while it goes on,
-- none before and after. Its packs are in quarantine until the end, and named by no other rows.
CREATE TABLE recovery (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The lost repository, whose record in R2 is read.
    lost_id TEXT NOT NULL CHECK (length(lost_id) = 16),
    started_at INTEGER NOT NULL,
    -- 1: the record was read; its packs, refs and settings are here.
    adopted INTEGER NOT NULL DEFAULT 0 CHECK (adopted IN (0, 1)),
    -- Attempts in a row that brought nothing, the running one included: written before each.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)
) STRICT;
