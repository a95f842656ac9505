-- The jurisdiction in which the namespace is kept, where that is not here. The object outside of every
-- jurisdiction has this row, and nothing else of a namespace that is kept in one; so no namespace of this
-- name can be made here. No row: nobody has said where the namespace is to be kept.
CREATE TABLE place (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    -- Cloudflare's name of it. 'unrestricted': a namespace of this name was kept here, and was deleted.
    jurisdiction TEXT NOT NULL CHECK (length(jurisdiction) BETWEEN 2 AND 32),
    -- Unix milliseconds until which the name gets no other place, since the Worker may still remember
    -- this one. NULL: for ever.
    until INTEGER
) STRICT;
