-- A namespace's token need not administer the namespace: with the scope 'read' or 'write' it opens its
-- repositories, for builds that fetch several. NULL: every repository, later ones too. Otherwise the
-- ids of those that it opens, with a space between two. Ids and not names: a name would open whatever
-- is called so later.
ALTER TABLE token ADD COLUMN repository_ids TEXT
    CHECK (repository_ids IS NULL OR (scope <> 'admin' AND length(repository_ids) >= 16));
