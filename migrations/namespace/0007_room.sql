-- Bytes that a request under way may bring to a repository, where the namespace has a bound on bytes:
-- they count until the repository tells what became of them, or until the time is up.
CREATE TABLE room_claim (
    repository_id TEXT NOT NULL CHECK (length(repository_id) = 16),
    -- 0: of the request that brings the repository into the namespace.
    number INTEGER NOT NULL CHECK (number >= 0),
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    -- Unix milliseconds.
    until INTEGER NOT NULL,
    PRIMARY KEY (repository_id, number)
) STRICT, WITHOUT ROWID;

-- Repositories tell their sizes when they are told how the namespace stands: those of a namespace that has
-- a bound already are told once more.
UPDATE namespace SET standing_version = standing_version + 1, standing_told = ''
    WHERE bytes_max IS NOT NULL;
