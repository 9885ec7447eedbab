-- Documents as JSON, with the columns that are sorted or searched by beside them.
CREATE TABLE account (
    id       INTEGER PRIMARY KEY,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE preference (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE history (
    id         TEXT PRIMARY KEY,
    started_at INTEGER NOT NULL,
    seen       INTEGER NOT NULL,
    entry      TEXT NOT NULL
) STRICT;

CREATE INDEX history_by_start ON history (started_at);
