-- The setting of the same name that repositories made in this namespace take, unless their maker
-- says otherwise.
ALTER TABLE namespace ADD COLUMN fsck_strict INTEGER NOT NULL DEFAULT 0
    CHECK (fsck_strict IN (0, 1));
