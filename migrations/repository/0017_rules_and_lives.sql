-- Who may do what to a repository, how much, and for how long.

-- Rules about refs, of the repository and of a token: a JSON array of `[pattern, [op, …]]`, of which
-- the first whose pattern matches holds. NULL: there are none.
ALTER TABLE repository ADD COLUMN ref_rules TEXT
    CHECK (ref_rules IS NULL OR json_valid(ref_rules));
ALTER TABLE token ADD COLUMN refs TEXT CHECK (refs IS NULL OR json_valid(refs));

-- The hook that is asked before a push is published, as JSON. NULL: nobody is asked.
ALTER TABLE repository ADD COLUMN pre_receive TEXT
    CHECK (pre_receive IS NULL OR json_valid(pre_receive));

-- 1: a push that brings a blob with a known form of secret in it is refused.
ALTER TABLE repository ADD COLUMN push_protection INTEGER NOT NULL DEFAULT 0
    CHECK (push_protection IN (0, 1));

-- The bytes that its packs and large files may have together. NULL: no bound of its own.
ALTER TABLE repository ADD COLUMN bytes_max INTEGER CHECK (bytes_max >= 0);

-- When the repository deletes itself. NULL: never.
ALTER TABLE repository ADD COLUMN expires_at INTEGER;
-- Seconds without a push or a fetch after which it deletes itself. NULL: never.
ALTER TABLE repository ADD COLUMN idle_ttl_seconds INTEGER CHECK (idle_ttl_seconds > 0);
-- The `expires_at` that was announced by an event; 0: not yet.
ALTER TABLE repository ADD COLUMN expiry_told INTEGER NOT NULL DEFAULT 0;
-- When it was deleted, while it can still be restored. NULL: it was not.
ALTER TABLE repository ADD COLUMN deleted_at INTEGER;
-- When it was last read, to within the precision of `idle_ttl_seconds`; written only where that is set.
ALTER TABLE repository ADD COLUMN used_at INTEGER;
-- Of one that was deleted and can be restored: when it goes for good, and the name of this object.
ALTER TABLE repository ADD COLUMN purge_at INTEGER;
ALTER TABLE repository ADD COLUMN deleted_object TEXT;

-- What the namespace has last said that holds for all of its repositories, as JSON. NULL: it has
-- said nothing yet.
ALTER TABLE repository ADD COLUMN standing TEXT CHECK (standing IS NULL OR json_valid(standing));

-- Which object has the repository that goes by the name of this one: one row, while it is another.
-- This object then may hold a repository that has moved to another name, one that was deleted and can
-- still be restored, or none.
CREATE TABLE forwarding (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The name of the other object.
    object_name TEXT NOT NULL CHECK (length(object_name) BETWEEN 4 AND 200),
    -- The repository that it has.
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16)
) STRICT;

-- When a ref under refs/ephemeral/ goes.
CREATE TABLE ephemeral_ref (
    name BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ephemeral_ref_by_expiry ON ephemeral_ref (expires_at);
