-- What happened to the repository, for those who follow it: feeds, webhooks, a queue. The row is
-- written by the transaction that makes the change, so nothing happens without its event, and no
-- event tells of what did not happen.
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

-- 1: clones and fetches are events too. They are many, and each costs a row.
ALTER TABLE repository ADD COLUMN fetch_events INTEGER NOT NULL DEFAULT 0
    CHECK (fetch_events IN (0, 1));

-- Who asked for an import, and by which request, as JSON: its event says so at the end.
ALTER TABLE import ADD COLUMN asked_by TEXT CHECK (asked_by IS NULL OR json_valid(asked_by));
