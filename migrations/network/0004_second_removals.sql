-- An upload of an object of Git LFS may end after nobody names its key any more and the object was removed.
-- So such a key stays doomed for a while after its removal, and is then removed once more. 1: R2 has
-- removed the object once, and may have it again only by such an upload.
ALTER TABLE doomed_pack ADD COLUMN removed_once INTEGER NOT NULL DEFAULT 0
    CHECK (removed_once IN (0, 1));

-- Finds the next removal: keys stay doomed for a day now, and there may be many.
CREATE INDEX doomed_pack_by_due ON doomed_pack (due_at);
