-- Which schema this database holds, and how far it has been migrated: one row. An object that
-- was woken for a name that does not exist has no such table, and no other: it stays empty.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'repository'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

INSERT INTO schema_version (singleton, kind, version) VALUES (1, 'repository', 1);

-- The repository itself: one row. What a push changes here (the counter, two times) is one row
-- written, whatever the push does.
CREATE TABLE repository (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- 16 characters, never used again for another repository.
    id TEXT NOT NULL CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    namespace TEXT NOT NULL CHECK (length(namespace) BETWEEN 2 AND 63),
    -- As its creator spelt it; names are compared without regard to case.
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description TEXT NOT NULL DEFAULT '',
    -- Where the symref HEAD points: a full refname, which need not exist.
    head BLOB NOT NULL CHECK (substr(head, 1, 5) = x'726566732f'),
    read_only INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    public INTEGER NOT NULL CHECK (public IN (0, 1)),
    -- Git's receive.denyNonFastForwards and receive.denyDeletes.
    deny_non_fast_forwards INTEGER NOT NULL CHECK (deny_non_fast_forwards IN (0, 1)),
    deny_deletes INTEGER NOT NULL CHECK (deny_deletes IN (0, 1)),
    -- What it was forked or imported from, or NULL.
    source TEXT,
    created_at INTEGER NOT NULL,
    -- When anything changed last, settings and refs alike.
    updated_at INTEGER NOT NULL,
    last_push_at INTEGER,
    -- The publish_seq of the newest published pack; 0 before the first.
    publish_seq INTEGER NOT NULL DEFAULT 0 CHECK (publish_seq >= 0),
    -- No pack may get an id up to this one: it had a row once that is gone. Written when a pack
    -- is removed, so that opening one costs no row more.
    pack_id_floor INTEGER NOT NULL DEFAULT 0 CHECK (pack_id_floor >= 0)
) STRICT;

-- A ref: a name and the object that it names. HEAD is not here, see repository.head. The name is
-- the key of the table itself, so that a prefix is one range and a ref is one row written.
CREATE TABLE ref (
    name BLOB NOT NULL PRIMARY KEY CHECK (substr(name, 1, 5) = x'726566732f'),
    target BLOB NOT NULL CHECK (length(target) = 20),
    -- What the annotated tag peels to; NULL when the target is no tag.
    peeled BLOB CHECK (length(peeled) = 20)
) STRICT, WITHOUT ROWID;

-- One change of one ref, for people who ask what happened; nothing else reads it. Kept when the
-- ref is deleted.
CREATE TABLE reflog (
    seq INTEGER PRIMARY KEY,
    -- The seq of the first row of the same push.
    push_seq INTEGER NOT NULL CHECK (push_seq <= seq),
    name BLOB NOT NULL,
    -- NULL: the ref was created.
    old BLOB CHECK (length(old) = 20),
    -- NULL: the ref was deleted.
    new BLOB CHECK (length(new) = 20),
    at INTEGER NOT NULL,
    -- Who did it: the token and its label then. NULL: the operator.
    token_id TEXT,
    token_label TEXT,
    -- The push options, a JSON array of strings, on the push's first row only.
    push_options TEXT CHECK (push_options IS NULL OR json_valid(push_options))
) STRICT;

-- A pack: the objects of one push, or of several after maintenance merged them. A pack that is
-- in quarantine is invisible; publishing makes it live in the same transaction that changes the
-- refs. Superseded: its objects are live in another pack, and its bytes stay until no running
-- fetch can still copy them. Ids are never used again.
CREATE TABLE pack (
    pack_id INTEGER PRIMARY KEY CHECK (pack_id BETWEEN 1 AND 4294967295),
    state TEXT NOT NULL CHECK (state IN ('quarantine', 'live', 'superseded')),
    -- Live packs in this order: a stored delta's base is in its own pack or an earlier one.
    publish_seq INTEGER CHECK (publish_seq > 0),
    -- Bytes of the stored stream, header and trailer included.
    pack_bytes INTEGER CHECK (pack_bytes > 0),
    -- Entries in the stream.
    object_count INTEGER CHECK (object_count >= 0),
    created_at INTEGER NOT NULL,
    published_at INTEGER,
    superseded_at INTEGER,
    CHECK (state = 'quarantine' OR (publish_seq IS NOT NULL AND pack_bytes IS NOT NULL
        AND object_count IS NOT NULL AND published_at IS NOT NULL)),
    CHECK (state <> 'superseded' OR superseded_at IS NOT NULL)
) STRICT;

-- 256 KiB of a pack's stream as it was received; the last row of a pack may be shorter. One
-- integer is the whole key, so that a chunk is exactly one row written:
-- chunk_key = pack_id * 2^20 + number.
CREATE TABLE pack_chunk (
    chunk_key INTEGER PRIMARY KEY CHECK (chunk_key > 0),
    bytes BLOB NOT NULL CHECK (length(bytes) BETWEEN 1 AND 262144)
) STRICT;

-- A piece of what is derived from a pack (its index, its commit graph, its introduced-object
-- lists): rebuilt from the pack when lost. part_key = pack_id * 2^20 + part * 2^16 + number; the
-- pieces of one part, joined in order, are the part. A part without content is one empty piece.
CREATE TABLE pack_part (
    part_key INTEGER PRIMARY KEY CHECK (part_key > 0),
    bytes BLOB NOT NULL CHECK (length(bytes) <= 1048576)
) STRICT;

-- A token that opens this repository. Only its hash is kept, and is the key, since every check
-- begins with it; the index on the id answers for grants that were cached elsewhere.
CREATE TABLE token (
    sha256 BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    scope TEXT NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    label TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at),
    revoked_at INTEGER,
    -- To the hour: a row written at each use would cost more than the use.
    last_used_at INTEGER
) STRICT, WITHOUT ROWID;
