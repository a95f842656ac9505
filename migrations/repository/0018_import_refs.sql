-- Which refs an import takes.

-- Which refs are wanted, as JSON: "all", or patterns. NULL: branches and tags.
ALTER TABLE import ADD COLUMN refs TEXT CHECK (refs IS NULL OR json_valid(refs));
