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
