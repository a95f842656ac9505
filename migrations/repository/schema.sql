-- The newest schema of a repository's database, in one piece. A new repository is made by this
-- script; an older database reaches the same schema through the numbered files beside it, and a
-- test compares the two (README.md says how a change is made).

-- Which schema this database holds, and how far it has been migrated: one row. An object that was
-- woken for a name that does not exist has neither this table nor another: it stays empty.
CREATE TABLE schema_version (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    kind TEXT NOT NULL CHECK (kind = 'repository'),
    version INTEGER NOT NULL CHECK (version > 0)
) STRICT;

-- The repository itself: one row. A push changes the counter and two times here, and that is one
-- row written, whatever else it does. Columns that came with a migration stand last, in the order
-- in which they came.
CREATE TABLE repository (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- 16 characters. No other repository ever gets the same id.
    id TEXT NOT NULL CHECK (length(id) = 16 AND id NOT GLOB '*[^0-9a-z]*'),
    namespace TEXT NOT NULL CHECK (length(namespace) BETWEEN 2 AND 63),
    -- As its creator spelt it; names are compared without regard to case.
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    description TEXT NOT NULL DEFAULT '',
    -- Where the symref HEAD points: a full refname. The ref need not exist.
    head BLOB NOT NULL CHECK (substr(head, 1, 5) = x'726566732f'),
    read_only INTEGER NOT NULL CHECK (read_only IN (0, 1)),
    public INTEGER NOT NULL CHECK (public IN (0, 1)),
    -- Git's receive.denyNonFastForwards and receive.denyDeletes.
    deny_non_fast_forwards INTEGER NOT NULL CHECK (deny_non_fast_forwards IN (0, 1)),
    deny_deletes INTEGER NOT NULL CHECK (deny_deletes IN (0, 1)),
    -- Where a fork or an import came from. NULL: the repository began empty.
    source TEXT,
    created_at INTEGER NOT NULL,
    -- Time of the last change, of settings and refs alike.
    updated_at INTEGER NOT NULL,
    last_push_at INTEGER,
    -- The publish_seq of the newest published pack; 0 before the first.
    publish_seq INTEGER NOT NULL DEFAULT 0 CHECK (publish_seq >= 0),
    -- New packs get ids above this one: removed packs once had the ids up to it. It is written when
    -- a pack is removed, so that opening a pack costs no further row.
    pack_id_floor INTEGER NOT NULL DEFAULT 0 CHECK (pack_id_floor >= 0),
    -- Retention, in seconds; the operator's choice. How long objects stay that neither a ref nor a
    -- kept reflog entry reaches, counted from the publishing of their pack (git's gc.pruneExpire:
    -- two weeks).
    prune_grace_seconds INTEGER NOT NULL DEFAULT 1209600 CHECK (prune_grace_seconds >= 0),
    -- How long entries of the reflog stay (git's gc.reflogExpire: ninety days).
    reflog_retention_seconds INTEGER NOT NULL DEFAULT 7776000
        CHECK (reflog_retention_seconds >= 0),
    -- How long packs stay after they were merged into others.
    superseded_grace_seconds INTEGER NOT NULL DEFAULT 3600
        CHECK (superseded_grace_seconds >= 0),
    -- Time of the last search for objects to prune, and the last reflog entry that counted then; 0
    -- before the first search. While no ref has changed since, a new search would find little.
    pruned_at INTEGER NOT NULL DEFAULT 0,
    pruned_reflog_seq INTEGER NOT NULL DEFAULT 0,
    -- Copies in R2: the operator's choice for this repository. NULL: the deployment's choice.
    -- Seconds without a push after which packs are copied to R2 and ready clones made.
    settle_seconds INTEGER CHECK (settle_seconds >= 0),
    -- Seconds after its publishing at which a pack may go cold.
    cold_after_seconds INTEGER CHECK (cold_after_seconds >= 0),
    -- Bytes of live packs in SQLite below which none goes cold.
    cold_bytes_min INTEGER CHECK (cold_bytes_min >= 0),
    -- Bytes of live packs above which a ready clone is made.
    ready_bytes_min INTEGER CHECK (ready_bytes_min >= 0),
    -- 'forking': the row stands, but not yet all refs and packs; nothing is served meanwhile, and
    -- an interrupted fork is undone. 'deleting': the repository is gone for everybody, and its
    -- database is not empty yet.
    phase TEXT NOT NULL DEFAULT 'ready' CHECK (phase IN ('ready', 'forking', 'deleting')),
    -- The fork network whose packs in R2 the repository names, or has been about to name: the id of
    -- the network's first repository. NULL: it never named any, and no network knows of it.
    network_id TEXT CHECK (length(network_id) = 16),
    -- 1: pushes and imports are checked as by git's --strict. 0: faults that harm no reader are let
    -- in, with a warning. A repository from before there was a choice is lenient.
    fsck_strict INTEGER NOT NULL DEFAULT 0 CHECK (fsck_strict IN (0, 1)),
    -- The last entry of the reflog at the time of the last purge of unreachable objects. Entries up
    -- to it still tell who changed which ref; the ids in them keep no object and are not served.
    purged_reflog_seq INTEGER NOT NULL DEFAULT 0,
    -- The number of refs and the bytes of their names together. Every push that makes or deletes a
    -- ref keeps both, so that the bounds on them need no count. NULL: not counted yet, because an
    -- earlier version, a fork or a recovery wrote the refs; the next such push counts once.
    ref_count INTEGER,
    ref_name_bytes INTEGER,
    -- 1: clones and fetches are events too. They are many, and each costs a row.
    fetch_events INTEGER NOT NULL DEFAULT 0 CHECK (fetch_events IN (0, 1)),
    -- Rules about refs: a JSON array of `[pattern, [op, …]]`, the first whose pattern matches holds. NULL:
    -- there are none.
    ref_rules TEXT CHECK (ref_rules IS NULL OR json_valid(ref_rules)),
    -- The hook that is asked before a push is published, as JSON. NULL: nobody is asked.
    pre_receive TEXT CHECK (pre_receive IS NULL OR json_valid(pre_receive)),
    -- 1: a push that brings a blob with a known form of secret in it is refused.
    push_protection INTEGER NOT NULL DEFAULT 0 CHECK (push_protection IN (0, 1)),
    -- The bytes that its packs and large files may have together. NULL: no bound of its own.
    bytes_max INTEGER CHECK (bytes_max >= 0),
    -- When the repository deletes itself. NULL: never.
    expires_at INTEGER,
    -- Seconds without a push or a fetch after which it deletes itself. NULL: never.
    idle_ttl_seconds INTEGER CHECK (idle_ttl_seconds > 0),
    -- The `expires_at` that was announced by an event; 0: not yet.
    expiry_told INTEGER NOT NULL DEFAULT 0,
    -- When it was deleted, while it can still be restored. NULL: it was not.
    deleted_at INTEGER,
    -- When it was last read, to within the precision of `idle_ttl_seconds`; written only where that is
    -- set.
    used_at INTEGER,
    -- For one that was deleted and can be restored: when it goes for good, and the name of this object.
    purge_at INTEGER,
    deleted_object TEXT,
    -- The namespace's newest policies for all of its repositories, as JSON. NULL: none came yet.
    standing TEXT CHECK (standing IS NULL OR json_valid(standing))
) STRICT;

-- A ref: a name and the object that it names. HEAD is not here, see repository.head. The name is
-- the key of the table itself, so that a prefix is one range and a ref is one row written.
CREATE TABLE ref (
    name BLOB NOT NULL PRIMARY KEY CHECK (substr(name, 1, 5) = x'726566732f'),
    target BLOB NOT NULL CHECK (length(target) = 20),
    -- The object that an annotated tag peels to; NULL when the target is not a tag.
    peeled BLOB CHECK (length(peeled) = 20)
) STRICT, WITHOUT ROWID;

-- Refs that came with a fork: some hundreds in one row, sorted by name, so that a fork writes few
-- rows however many refs it takes over. A name stands here or in the table ref, never in both: the
-- first change of a packed ref takes it out of its page.
CREATE TABLE packed_refs (
    -- Refs of this page have this name or a later one; those of the page before it, earlier ones.
    from_name BLOB NOT NULL PRIMARY KEY CHECK (substr(from_name, 1, 5) = x'726566732f'),
    ref_count INTEGER NOT NULL CHECK (ref_count > 0),
    -- Each ref: the length of its name (two bytes, big-endian), 1 if it peels to something else
    -- than its target, else 0 (one byte), its target, the id that it peels to if there is one, its
    -- name.
    refs BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One change of one ref, for people who ask about the past. Retention and `purged_reflog_seq` decide
-- for how long its ids keep objects. The entries stay when the ref is deleted.
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
    -- The actor: the token, and its label at the time. NULL: the operator.
    token_id TEXT,
    token_label TEXT,
    -- The push options, a JSON array of strings, on the push's first row only.
    push_options TEXT CHECK (push_options IS NULL OR json_valid(push_options))
) STRICT;

-- A commit that is kept without its parents: the edge of a history that was imported in part. Here
-- it counts as one without parents; clients are told, and keep it so themselves.
CREATE TABLE shallow (
    commit_id BLOB NOT NULL PRIMARY KEY CHECK (length(commit_id) = 20)
) STRICT, WITHOUT ROWID;

-- A pack: the objects of one push, or of several after maintenance merged them. A pack in
-- quarantine is invisible; publishing makes it live in the same transaction that changes the refs.
-- Superseded: its objects are live in another pack, and its bytes stay until no running fetch can
-- still copy them. Ids are never used again.
CREATE TABLE pack (
    pack_id INTEGER PRIMARY KEY CHECK (pack_id BETWEEN 1 AND 4294967295),
    state TEXT NOT NULL CHECK (state IN ('quarantine', 'live', 'superseded')),
    -- The order of live packs: a stored delta's base is in its own pack or an earlier one.
    publish_seq INTEGER CHECK (publish_seq > 0),
    -- Bytes of the stored stream, header and trailer included.
    pack_bytes INTEGER CHECK (pack_bytes > 0),
    -- Entries in the stream.
    object_count INTEGER CHECK (object_count >= 0),
    created_at INTEGER NOT NULL,
    published_at INTEGER,
    superseded_at INTEGER,
    -- The R2 object that holds the pack's stored bytes, whole and verified. NULL: there is none.
    -- Index, graph and introduced objects always stay here.
    r2_key TEXT CHECK (r2_key IS NULL OR length(r2_key) > 0),
    -- 0: the pack is cold. Its chunk rows are going or gone, and R2 has the missing ones. A few may
    -- be back for a while: those that one step of work needs and memory cannot hold.
    chunks_here INTEGER NOT NULL DEFAULT 1
        CHECK (chunks_here IN (0, 1) AND (chunks_here = 1 OR r2_key IS NOT NULL)),
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

-- A piece of a part that is derived from a pack (its index, its commit graph, its introduced-object
-- lists): a lost one is rebuilt from the pack. part_key = pack_id * 2^20 + part * 2^16 + number;
-- the pieces of one part, joined in order, are the part. A part without content is one empty piece.
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
    last_used_at INTEGER,
    -- Rules about refs, as the repository's are.
    refs TEXT CHECK (refs IS NULL OR json_valid(refs))
) STRICT, WITHOUT ROWID;

-- A run of maintenance, for people and for the decision when to try again after a failure. The
-- last hundred are kept. A run that may be long has its row from the start, so that an object
-- that was ended in its middle finds the rows it left behind; a short one is noted when it is over.
CREATE TABLE maintenance_run (
    seq INTEGER PRIMARY KEY,
    -- The kind of work: 'merge', 'sweep', 'reflog', 'prune', 'verify', 'rebuild', ...
    task TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('running', 'done', 'failed', 'interrupted')),
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    -- The pack in quarantine that the run was filling; it goes when the run is interrupted.
    pack_id INTEGER,
    -- Packs and objects taken in, bytes and rows written or removed.
    packs INTEGER NOT NULL DEFAULT 0,
    objects INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    rows INTEGER NOT NULL DEFAULT 0,
    -- Why it failed, or its findings.
    detail TEXT NOT NULL DEFAULT '',
    CHECK ((outcome = 'running') = (finished_at IS NULL))
) STRICT;

-- A pack on its way to R2: its key is settled and held, so that after any failure, the next
-- run finishes the upload or gives the key back. A multipart upload goes on where it stopped.
CREATE TABLE pack_upload (
    pack_id INTEGER PRIMARY KEY,
    r2_key TEXT NOT NULL,
    -- R2's name of the multipart upload; NULL: none was begun.
    upload_id TEXT,
    -- R2's answer to each part so far, one line a part.
    etags TEXT NOT NULL DEFAULT ''
) STRICT;

-- R2 objects that this repository no longer needs, and the time from which they may go. The
-- transaction that ends the need writes the row; it is removed once R2, or the network that counts
-- the holders, knows.
CREATE TABLE r2_release (
    r2_key TEXT NOT NULL PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The answer to a full clone, as it goes over the wire, in R2: one row at most.
CREATE TABLE ready_clone (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    r2_key TEXT NOT NULL,
    -- SHA-256 of the distinct tips of branches and tags, sorted: the wants of such a clone.
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    response_bytes INTEGER NOT NULL CHECK (response_bytes > 0),
    -- Entries of the pack in it.
    object_count INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    -- The next two tell a ready clone from one whose bytes were changed in R2. Both are NULL in a
    -- row from before they were noted: it is served, and the next verification makes another.
    -- SHA-256 of the R2 object's bytes: verification reads them and compares.
    sha256 BLOB CHECK (length(sha256) = 32),
    -- R2's own name of the bytes that were written: every clone that is served compares it.
    etag TEXT
) STRICT;

-- The record in R2 from which a lost repository is recovered: the hash of the one written last, one
-- row.
CREATE TABLE r2_record (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    sha256 BLOB NOT NULL CHECK (length(sha256) = 32)
) STRICT;

-- The import that fills this repository: one row while it runs, none before and after. Its
-- credentials are in memory only.
CREATE TABLE import (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- The one branch wanted, by its short name; NULL: all.
    branch TEXT,
    -- Commits of history wanted from each branch; NULL: all.
    depth INTEGER CHECK (depth > 0),
    -- Whether it began with credentials: without them it need not be tried again.
    had_credentials INTEGER NOT NULL CHECK (had_credentials IN (0, 1)),
    started_at INTEGER NOT NULL,
    -- Attempts in a row that brought nothing, the running one included. Written before each, so
    -- that an attempt that ends with the object counts as well.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Commits in each part; NULL: the history is fetched whole.
    part_commits INTEGER CHECK (part_commits > 0),
    -- Parts that are live.
    parts_done INTEGER NOT NULL DEFAULT 0 CHECK (parts_done >= 0),
    -- The caller that asked for it, and its request, as JSON: its event says so at the end. NULL: an import
    -- that began before there were events.
    asked_by TEXT CHECK (asked_by IS NULL OR json_valid(asked_by)),
    -- How far it is with objects of Git LFS. NULL: it leaves them out. 0: refs first. 1: it looks for
    -- their pointers. 2: it takes them.
    lfs INTEGER CHECK (lfs IN (0, 1, 2)),
    -- While it takes them: how often it went through all of them, and the last one that it asked for
    -- in this pass.
    lfs_pass INTEGER NOT NULL DEFAULT 0 CHECK (lfs_pass >= 0),
    lfs_after BLOB NOT NULL DEFAULT x'',
    -- Which refs are wanted, as JSON: "all", or patterns. NULL: branches and tags.
    refs TEXT CHECK (refs IS NULL OR json_valid(refs))
) STRICT;

-- An object of Git LFS that the import under way is to take. Its row goes when the object is here;
-- the rows left at the end name the objects that the import did not get.
CREATE TABLE import_lfs (
    -- SHA-256 of its bytes: its name in Git LFS.
    oid BLOB NOT NULL PRIMARY KEY CHECK (length(oid) = 32),
    -- Its bytes, as the pointer says.
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0),
    -- Why it is not asked for again, for people. NULL: it may still come.
    refusal TEXT
) STRICT, WITHOUT ROWID;

-- Where the history of an import is cut: after part n these commits reach everything fetched so
-- far, and no commit of it has a child there. Number 0 are those that were here before.
CREATE TABLE import_frontier (
    number INTEGER PRIMARY KEY CHECK (number >= 0),
    -- Their ids, 20 bytes each.
    commit_ids BLOB NOT NULL CHECK (length(commit_ids) % 20 = 0)
) STRICT;

-- The recovery that fills this repository from R2's copies of a lost one: one row while it goes on,
-- none before and after. Its packs are in quarantine until the end, and no other row names them.
CREATE TABLE recovery (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The lost repository, whose record in R2 is read.
    lost_id TEXT NOT NULL CHECK (length(lost_id) = 16),
    started_at INTEGER NOT NULL,
    -- 1: the record was read; its packs, refs and settings are here.
    adopted INTEGER NOT NULL DEFAULT 0 CHECK (adopted IN (0, 1)),
    -- Attempts in a row that brought nothing, the running one included; written before each.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)
) STRICT;

-- The warnings of fsck since the repository was made: for each of git's message ids, how many
-- objects with that fault pushes and imports have brought. A push that gives rise to no warning
-- writes no row, and an object that comes twice counts twice.
CREATE TABLE fsck_warning (
    message TEXT PRIMARY KEY,
    object_count INTEGER NOT NULL CHECK (object_count > 0)
) STRICT, WITHOUT ROWID;

-- The report of an import or a fork once it is done: one row, written together with its refs, and absent from
-- repositories that an earlier version imported or forked. Each column is JSON as REST shows it: bounded,
-- never searched, and read as a whole.
CREATE TABLE origin_report (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The warnings of fsck about the objects of an import. NULL: a fork brings no object of its own.
    fsck_warnings TEXT CHECK (fsck_warnings IS NULL OR json_valid(fsck_warnings)),
    -- The source's refs that were left out. NULL: the import is not done yet.
    skipped_refs TEXT CHECK (skipped_refs IS NULL OR json_valid(skipped_refs)),
    -- How many objects of Git LFS an import took, and which ones it did not get. NULL: it left them
    -- out, or is not done yet.
    lfs TEXT CHECK (lfs IS NULL OR json_valid(lfs))
) STRICT;

-- A request that changed this repository and was sent with an Idempotency-Key, and its answer: the
-- same request sent again gets that answer. The row is written by the transaction that makes the
-- change, so a change never stands without it. A request that changed nothing has no row. Rows go
-- after a day, or when there are too many, the oldest first.
CREATE TABLE idempotency (
    -- The order in which they were done.
    seq INTEGER PRIMARY KEY,
    -- SHA-256 of the caller's credential and the key: no caller meets another's. It has an index,
    -- because every request with a key looks for it.
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
    -- SHA-256 of path and body: the same key with another request is refused.
    request BLOB NOT NULL CHECK (length(request) = 32),
    done_at INTEGER NOT NULL,
    -- HTTP status and body. No answer of these routes has a secret in it.
    status INTEGER NOT NULL CHECK (status BETWEEN 200 AND 599),
    answer TEXT NOT NULL
) STRICT;

-- Blobs that were put by REST and that no commit need name yet, and their senders: nobody else may name
-- them. A row may outlive its blob, which is pruned as everything is that no ref reaches, and says
-- nothing then. Rows go when objects of their age are pruned.
CREATE TABLE put_blob (
    blob_id BLOB NOT NULL CHECK (length(blob_id) = 20),
    -- The id of the token; empty: the operator.
    put_by TEXT NOT NULL,
    put_at INTEGER NOT NULL,
    PRIMARY KEY (blob_id, put_by)
) STRICT, WITHOUT ROWID;

-- An event of the repository, for those who follow it: feeds, webhooks, a queue. The row is
-- written by the transaction that makes the change, so nothing happens without its event, and no
-- event tells of a change that did not happen.
CREATE TABLE event (
    -- 1, 2, 3, … without gaps. Old rows go from the lower end; the newest stays, since the next one
    -- counts on from it.
    sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
    at INTEGER NOT NULL,
    -- The type without its prefix, as `repo.pushed`.
    kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    -- Payload, actor, names and request id, as JSON. It holds no secret.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- How far events have left this object: one row, from the first event on.
CREATE TABLE event_outbox (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The last sequence that the namespace's object has taken.
    handed_over INTEGER NOT NULL DEFAULT 0 CHECK (handed_over >= 0)
) STRICT;

-- An object of Git LFS whose bytes are in R2, and which this repository has: only an object with a row here
-- is given out, so that knowing a digest opens nothing. Its R2 key is made of the fork network
-- and the digest; the network's account of holders names it before R2 is written.
CREATE TABLE lfs_object (
    -- SHA-256 of its bytes: its name in Git LFS.
    oid BLOB NOT NULL PRIMARY KEY CHECK (length(oid) = 32),
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0),
    -- 0: it is on its way, and nobody is given it. 1: R2 has its bytes, verified.
    stored INTEGER NOT NULL CHECK (stored IN (0, 1)),
    -- When it began to arrive; once it is stored, when it came.
    at INTEGER NOT NULL,
    -- When a search first found no pointer to it among the objects that refs reach. NULL: it is named, or no
    -- search has looked yet.
    unnamed_since INTEGER
) STRICT, WITHOUT ROWID;

-- How many stored objects there are and their bytes together, so that sizes need no count: one row,
-- from the first object on.
CREATE TABLE lfs_account (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    object_count INTEGER NOT NULL CHECK (object_count >= 0),
    object_bytes INTEGER NOT NULL CHECK (object_bytes >= 0)
) STRICT;

-- A lock on a file; its maker holds it until it is unlocked. Git LFS asks about locks before it pushes;
-- they do not judge pushes by Git itself.
CREATE TABLE lfs_lock (
    -- The order in which locks were made; clients know it as the lock's id.
    lock_id INTEGER PRIMARY KEY,
    -- The file, from the root of the repository. It has an index, because a file has one lock.
    path TEXT NOT NULL UNIQUE CHECK (length(path) > 0),
    -- The branch that the client named, for readers of the list alone.
    ref_name TEXT,
    -- The holder: the label of a token or, where it has none, its id; empty: the operator.
    owner TEXT NOT NULL,
    locked_at INTEGER NOT NULL
) STRICT;

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

-- The upstream: where the repository's refs come from. One row, or none.
CREATE TABLE upstream (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- Refspecs: which refs there become which refs here. A JSON array of texts.
    refs TEXT NOT NULL CHECK (json_valid(refs)),
    -- What becomes of a ref that has changed on both sides. 'read_only': pushes to mirrored refs are
    -- refused, so that none has. 'fast_forward': it is left and reported. 'force': upstream's wins.
    policy TEXT NOT NULL CHECK (policy IN ('read_only', 'fast_forward', 'force')),
    -- Seconds between two syncs. NULL: only when somebody asks.
    interval_seconds INTEGER CHECK (interval_seconds > 0),
    -- 1: a ref that upstream no longer has is deleted here too.
    prune INTEGER NOT NULL CHECK (prune IN (0, 1)),
    -- Sealed with the operator's key. NULL: upstream asks for none.
    credentials TEXT,
    -- The secret with which upstream signs its webhook. NULL: it has none.
    webhook_secret TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- A sync with the upstream: the row is written when it is asked for, and once more when it is over. The
-- newest ones are kept.
CREATE TABLE upstream_sync (
    seq INTEGER PRIMARY KEY,
    asked_by TEXT NOT NULL CHECK (asked_by IN ('settings', 'request', 'interval', 'webhook')),
    asked_at INTEGER NOT NULL,
    -- Attempts in a row, the one under way included. It is written before each but the first, so that an
    -- attempt that ends with the object counts as well.
    attempts INTEGER NOT NULL CHECK (attempts > 0),
    -- NULL: it is still to be done, or under way.
    finished_at INTEGER,
    outcome TEXT CHECK (outcome IN ('unchanged', 'updated', 'failed')),
    -- How many syncs have failed in a row, with this one.
    failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    -- What became of refs, and why it failed: JSON. NULL: there is nothing to say.
    report TEXT CHECK (report IS NULL OR json_valid(report)),
    CHECK ((finished_at IS NULL) = (outcome IS NULL))
) STRICT;

-- A ref that went different ways here and in the upstream, and was left. While both stand where they
-- stood, nothing is fetched for it and nothing is told again.
CREATE TABLE upstream_diverged (
    name BLOB NOT NULL PRIMARY KEY CHECK (substr(name, 1, 5) = x'726566732f'),
    here BLOB NOT NULL CHECK (length(here) = 20),
    there BLOB NOT NULL CHECK (length(there) = 20),
    since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A downstream: a repository elsewhere that gets what changes here. They are few, so that all are read
-- at once.
CREATE TABLE downstream (
    downstream_id TEXT NOT NULL PRIMARY KEY CHECK (length(downstream_id) = 16),
    -- The remote, without credentials.
    url TEXT NOT NULL,
    -- Which refs go there and how, as JSON: a whole that is never searched.
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    -- Sealed with the operator's key. NULL: the remote asks for none.
    credentials TEXT,
    -- 0: nothing is pushed.
    active INTEGER NOT NULL CHECK (active IN (0, 1)),
    created_at INTEGER NOT NULL,
    -- The last entry of the reflog when the last push began that was settled: while there are later
    -- ones, something may be due. 0: nothing was pushed yet.
    reflog_seq INTEGER NOT NULL DEFAULT 0 CHECK (reflog_seq >= 0),
    -- 1: somebody asked for a push, which has not begun.
    asked INTEGER NOT NULL DEFAULT 1 CHECK (asked IN (0, 1)),
    -- Attempts in a row that were not settled, the one under way included. It is written before each, so
    -- that one that ends with the object counts as well.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- When the next attempt may begin, where there was one.
    retry_at INTEGER,
    -- How many pushes are on record, those included that have gone from there.
    push_count INTEGER NOT NULL DEFAULT 0 CHECK (push_count >= 0)
) STRICT, WITHOUT ROWID;

-- A push to a downstream that is over. The newest of each are kept.
CREATE TABLE downstream_push (
    downstream_id TEXT NOT NULL,
    -- 1, 2, 3, … for each downstream.
    number INTEGER NOT NULL CHECK (number > 0),
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('pushed', 'refused', 'failed')),
    -- What became of refs, and why the push failed, as JSON.
    report TEXT NOT NULL CHECK (json_valid(report)),
    PRIMARY KEY (downstream_id, number)
) STRICT, WITHOUT ROWID;
