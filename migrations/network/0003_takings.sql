-- When a repository took a key. An object of Git LFS has its key from its bytes: a repository may give
-- it up and take it again, and the two messages may come in either order. A release names the time at
-- which it was decided, and ends no holding that was taken later.
ALTER TABLE pack_holder ADD COLUMN taken_at INTEGER NOT NULL DEFAULT 0;
