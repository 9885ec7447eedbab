-- What the server told last, and what waits to be sent to it, each a document as JSON. Secrets are in the key store.
CREATE TABLE server (
    part     TEXT PRIMARY KEY,
    document TEXT NOT NULL
) STRICT;
