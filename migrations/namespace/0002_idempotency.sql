-- A request that makes something and was sent with an Idempotency-Key: the same request sent again
-- gets the first one's answer. Rows go after a day, or when there are too many, the oldest first;
-- `seq` grows with age's end, so that both need no index.
CREATE TABLE idempotency (
    seq INTEGER PRIMARY KEY,
    -- SHA-256 of the caller's credential and the key: no caller meets another's.
    key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
    -- SHA-256 of path and body: the same key with another request is refused.
    request BLOB NOT NULL CHECK (length(request) = 32),
    -- Random. With it, the caller's credential and the key, ids and token of the answer are drawn,
    -- so that no token need be kept.
    salt BLOB NOT NULL CHECK (length(salt) = 32),
    started_at INTEGER NOT NULL,
    -- When it was begun last: one that broke off may be begun again.
    begun_at INTEGER NOT NULL,
    -- NULL while it is under way.
    status INTEGER,
    -- Where its token stood there is a NUL.
    answer TEXT
) STRICT;
