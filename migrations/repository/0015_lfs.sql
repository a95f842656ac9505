-- Git LFS: the objects that the repository has, and the locks on its files.

-- An object of Git LFS whose bytes are in R2, and which this repository has: only what has a row
-- here is given out, so that knowing a digest opens nothing. Its R2 key is made of the fork network
-- and the digest; the network's account of holders names it before R2 is written.
CREATE TABLE lfs_object (
    -- SHA-256 of its bytes: its name in Git LFS.
    oid BLOB NOT NULL PRIMARY KEY CHECK (length(oid) = 32),
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0),
    -- 0: it is on its way, and nobody is given it. 1: R2 has its bytes, verified.
    stored INTEGER NOT NULL CHECK (stored IN (0, 1)),
    -- When it began to arrive; once it is stored, when it came.
    at INTEGER NOT NULL,
    -- When a search first found no pointer to it in what refs reach. NULL: it is named, or no search
    -- has looked yet.
    unnamed_since INTEGER
) STRICT, WITHOUT ROWID;

-- How many stored objects there are and their bytes together, so that sizes need no count: one row,
-- from the first object on.
CREATE TABLE lfs_account (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    object_count INTEGER NOT NULL CHECK (object_count >= 0),
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0)
) STRICT;

-- A lock on a file, held by whoever made it until it is unlocked. Git LFS asks about locks before it
-- pushes; what Git itself pushes is not judged by them.
CREATE TABLE lfs_lock (
    -- The order in which locks were made; what a client knows as the lock's id.
    lock_id INTEGER PRIMARY KEY,
    -- The file, from the root of the repository. It has an index, because a file has one lock.
    path TEXT NOT NULL UNIQUE CHECK (length(path) > 0),
    -- The branch that the client named, for readers of the list alone.
    ref_name TEXT,
    -- Who holds it: the label of a token or, where it has none, its id; empty: the operator.
    owner TEXT NOT NULL,
    locked_at INTEGER NOT NULL
) STRICT;
