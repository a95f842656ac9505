-- Forks, and the end of a repository.

-- What the repository is going through: 'forking' from the moment its row stands until its refs and
-- packs do (nothing is served meanwhile, and an interrupted fork is undone), 'deleting' from the
-- moment it is gone for everybody until its database is empty.
ALTER TABLE repository ADD COLUMN phase TEXT NOT NULL DEFAULT 'ready'
    CHECK (phase IN ('ready', 'forking', 'deleting'));

-- The fork network whose packs in R2 the repository names, or has been about to name: the id of the
-- network's first repository. NULL: it never named any, and no network knows of it.
ALTER TABLE repository ADD COLUMN network_id TEXT CHECK (length(network_id) = 16);

-- Refs that came with a fork: some hundreds in one row, sorted by name, so that a fork writes few
-- rows however many refs it takes over. A name stands here or in the table ref, never in both: the
-- first change of a packed ref takes it out of its page.
CREATE TABLE packed_refs (
    -- No ref of this page comes before this name, none of the page before it at or after it.
    from_name BLOB NOT NULL PRIMARY KEY CHECK (substr(from_name, 1, 5) = x'726566732f'),
    ref_count INTEGER NOT NULL CHECK (ref_count > 0),
    -- Each ref: the bytes of its name (two bytes, big-endian), 1 if it peels to something else than
    -- its target, else 0 (one byte), its target, what that peels to, its name.
    refs BLOB NOT NULL
) STRICT, WITHOUT ROWID;
