-- 1: what is pushed or imported is checked as git's --strict does. 0: what harms no reader of it is
-- let in, with a warning. A repository that was made before there was a choice becomes lenient.
ALTER TABLE repository ADD COLUMN fsck_strict INTEGER NOT NULL DEFAULT 0
    CHECK (fsck_strict IN (0, 1));
