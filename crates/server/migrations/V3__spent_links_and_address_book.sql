-- What became of links that work once: who opens an old one is told why it does not work any more.
CREATE TABLE spent_links (
    hash TEXT NOT NULL PRIMARY KEY,
    org_id BIGINT NOT NULL,
    why TEXT NOT NULL,
    spent_at BIGINT NOT NULL
);

-- People of the address book who are no users.
CREATE TABLE contacts (
    org_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, contact_id)
);
