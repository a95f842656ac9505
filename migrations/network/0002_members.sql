-- Under which name a repository of the network is reached: the name of its object. Noted whenever it
-- takes a key, so that the network can be purged of what one of its repositories removed.
CREATE TABLE member (
    repository_id TEXT NOT NULL PRIMARY KEY CHECK (length(repository_id) = 16),
    namespace TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
