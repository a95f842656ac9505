-- The last entry of the reflog that was there when what no ref reaches was purged: entries up to it
-- still tell who changed which ref, and what they name keeps nothing and is served to nobody.
ALTER TABLE repository ADD COLUMN purged_reflog_seq INTEGER NOT NULL DEFAULT 0;
