-- Packs in R2. A pack's bytes are the same wherever they stand, so that R2 may hold a copy (the
-- snapshot), and later, when the pack is cold, the only one. Index, graph and introduced objects
-- always stay here.

-- The R2 object that holds the pack's stored bytes, whole and verified; NULL: there is none.
ALTER TABLE pack ADD COLUMN r2_key TEXT CHECK (r2_key IS NULL OR length(r2_key) > 0);

-- 0: the pack is cold; its chunk rows are going or gone, and a row that is missing is in R2. A few
-- may be back for a while: what one step of work needs and memory cannot hold.
ALTER TABLE pack ADD COLUMN chunks_here INTEGER NOT NULL DEFAULT 1
    CHECK (chunks_here IN (0, 1) AND (chunks_here = 1 OR r2_key IS NOT NULL));

-- A pack on its way to R2: its key is settled and held, so that whatever happens then, the next
-- run finishes it or gives it back. A multipart upload is taken up where it stopped.
CREATE TABLE pack_upload (
    pack_id INTEGER PRIMARY KEY,
    r2_key TEXT NOT NULL,
    -- R2's name of the multipart upload; NULL: none was begun.
    upload_id TEXT,
    -- What R2 answered to each part so far, one line a part.
    etags TEXT NOT NULL DEFAULT ''
) STRICT;

-- R2 objects that this repository needs no more, and from when on they may go: written in the
-- transaction that ends the need, removed once R2 (or who counts its holders) knows.
CREATE TABLE r2_release (
    r2_key TEXT NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The answer to a full clone, as it goes over the wire, in R2: one row at most.
CREATE TABLE ready_clone (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    r2_key TEXT NOT NULL,
    -- SHA-256 of the distinct tips of branches and tags, sorted: what such a clone wants.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    response_bytes INTEGER NOT NULL CHECK (response_bytes > 0),
    -- The pack that it was made of, of its bytes and entries.
    object_count INTEGER NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;

-- The record in R2 from which a lost repository is made again: what was written there last, one row.
CREATE TABLE r2_record (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- When the operator wants this for this repository; NULL: what the deployment says.
-- Seconds without a push after which packs are copied to R2 and ready clones made.
ALTER TABLE repository ADD COLUMN settle_seconds INTEGER CHECK (settle_seconds >= 0);
-- Seconds after its publication at which a pack may go cold.
ALTER TABLE repository ADD COLUMN cold_after_seconds INTEGER CHECK (cold_after_seconds >= 0);
-- Bytes of live packs in SQLite below which none goes cold.
ALTER TABLE repository ADD COLUMN cold_bytes_min INTEGER CHECK (cold_bytes_min >= 0);
-- Bytes of live packs from which on a ready clone is made.
ALTER TABLE repository ADD COLUMN ready_bytes_min INTEGER CHECK (ready_bytes_min >= 0);
