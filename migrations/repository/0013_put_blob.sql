-- Blobs that were put by REST and that no commit need name yet, and by whom: nobody else may name
-- them. A row may outlive its blob, which is pruned as everything is that no ref reaches, and says
-- nothing then. Rows go when objects of their age are pruned.
CREATE TABLE put_blob (
    blob_id BLOB NOT NULL CHECK (length(blob_id) = 20),
    -- The id of the token; empty: the operator.
    put_by TEXT NOT NULL,
    put_at INTEGER NOT NULL,
    PRIMARY KEY (blob_id, put_by)
) STRICT, WITHOUT ROWID;
