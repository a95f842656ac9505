-- Who may do what in a namespace, how much, and for how long.

-- `read_only` is 1 where no repository of the namespace takes a push, `suspended` where nobody but the
-- operator gets anything from it.
ALTER TABLE namespace ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1));
ALTER TABLE namespace ADD COLUMN suspended INTEGER NOT NULL DEFAULT 0 CHECK (suspended IN (0, 1));
-- Tokens that were made before this time are revoked, those of the repositories too. 0: no token is.
ALTER TABLE namespace ADD COLUMN token_epoch INTEGER NOT NULL DEFAULT 0;
-- Grows with each change of the three above and of the bounds below: a repository takes the newest.
ALTER TABLE namespace ADD COLUMN standing_version INTEGER NOT NULL DEFAULT 0;
-- How far its repositories have been told the newest version: the name_key of the last one told. NULL:
-- all have.
ALTER TABLE namespace ADD COLUMN standing_told TEXT;

-- The bytes and the repositories that the namespace may have. NULL: no bound.
ALTER TABLE namespace ADD COLUMN bytes_max INTEGER CHECK (bytes_max >= 0);
ALTER TABLE namespace ADD COLUMN repos_max INTEGER CHECK (repos_max >= 0);

-- Issuers of signed tokens that the namespace trusts, and what their claims must be, as JSON. NULL: none.
ALTER TABLE namespace ADD COLUMN issuers TEXT CHECK (issuers IS NULL OR json_valid(issuers));

-- As in a repository's database: rules about refs of a token.
ALTER TABLE token ADD COLUMN refs TEXT CHECK (refs IS NULL OR json_valid(refs));

-- What lists show, and quotas add up: bytes and objects of live packs, and bytes of large files.
ALTER TABLE repository ADD COLUMN size_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN object_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN lfs_bytes INTEGER NOT NULL DEFAULT 0;
-- What usage adds up: the size of its database, and the bytes that R2 has for it.
ALTER TABLE repository ADD COLUMN database_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN r2_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE repository ADD COLUMN expires_at INTEGER;

-- A signed token that was taken back before its time: by issuer and `jti`. The row goes when the token
-- has ended by itself.
CREATE TABLE revoked_signed_token (
    issuer TEXT NOT NULL,
    jti TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (issuer, jti)
) STRICT, WITHOUT ROWID;

-- Pushes, fetches and bytes of a day, over all repositories.
CREATE TABLE usage_day (
    -- Days since 1970-01-01.
    day INTEGER PRIMARY KEY,
    pushes INTEGER NOT NULL DEFAULT 0,
    fetches INTEGER NOT NULL DEFAULT 0,
    bytes_in INTEGER NOT NULL DEFAULT 0,
    bytes_out INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A repository that was deleted and can still be restored.
CREATE TABLE deleted_repository (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name TEXT NOT NULL,
    -- The object that has it.
    object_name TEXT NOT NULL,
    deleted_at INTEGER NOT NULL,
    -- When it goes for good.
    purge_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A name that a repository had before it got another one: whoever asks for it is told where the
-- repository is now. The row goes when the name is taken.
CREATE TABLE former_name (
    name_key TEXT NOT NULL PRIMARY KEY CHECK (name_key = lower(name_key)),
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16)
) STRICT, WITHOUT ROWID;

-- An administrative act: who did what, when, by which request. It holds no secret.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- As `token.revoked`.
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    -- Actor, subject, details and request id, as JSON.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
