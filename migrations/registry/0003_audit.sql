-- An administrative act on a namespace as a whole: made, listed again, deleted. It holds no secret, and
-- outlives the namespace, whose own log ends with it.
CREATE TABLE audit (
    sequence INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    -- As `namespace.deleted`.
    action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    -- Actor, details and request id, as JSON.
    body TEXT NOT NULL CHECK (json_valid(body))
) STRICT;
