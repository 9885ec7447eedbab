-- Whose key an action URL is. The token itself is told once and not kept.
CREATE TABLE action_urls (
    hash TEXT NOT NULL PRIMARY KEY,
    org_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL
);
CREATE INDEX action_urls_by_account ON action_urls (org_id, account_id);

-- Who wrote a thing last, to be named to whoever comes second.
CREATE TABLE writers (
    org_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, kind, id)
);
