-- One set of migrations for SQLite and PostgreSQL: only BIGINT and TEXT, only what both understand.
-- Times are milliseconds since 1970, flags are 0 or 1, `document` columns hold JSON. org_id is in every key.

CREATE TABLE organisations (
    org_id BIGINT NOT NULL PRIMARY KEY,
    domain TEXT NOT NULL UNIQUE,
    realm TEXT NOT NULL,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    document TEXT NOT NULL
);

-- The next id of each kind in each organisation.
CREATE TABLE counters (
    org_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind)
);

CREATE TABLE users (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    login TEXT NOT NULL,
    email TEXT NOT NULL,
    extension TEXT,
    role TEXT NOT NULL,
    disabled BIGINT NOT NULL,
    password_hash TEXT,
    must_change_password BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);
CREATE UNIQUE INDEX users_by_login ON users (org_id, login);
CREATE UNIQUE INDEX users_by_email ON users (org_id, email);
CREATE UNIQUE INDEX users_by_extension ON users (org_id, extension);
CREATE INDEX users_by_login_anywhere ON users (login);
CREATE INDEX users_by_email_anywhere ON users (email);

-- Extensions of users who were deleted: before one is used again, somebody is asked.
CREATE TABLE former_extensions (
    org_id BIGINT NOT NULL,
    extension TEXT NOT NULL,
    name TEXT NOT NULL,
    freed_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, extension)
);

-- Modes, author and permissions; what each client chose for itself is in client_values.
CREATE TABLE call_settings (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);

CREATE TABLE client_values (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id, client_id)
);

-- The newest act of each user.
CREATE TABLE dnd (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id)
);

CREATE TABLE accounts (
    org_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    kind TEXT NOT NULL,
    mac TEXT,
    last_seen BIGINT,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, account_id)
);
CREATE UNIQUE INDEX accounts_by_number ON accounts (org_id, number);
CREATE UNIQUE INDEX accounts_by_mac ON accounts (org_id, mac);

-- One owner, none, or several where the device is shared.
CREATE TABLE account_owners (
    org_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (org_id, account_id, user_id)
);
CREATE INDEX account_owners_by_user ON account_owners (org_id, user_id);

-- What a device proves itself with: one row a desk phone, one row a client of an app. Only digests are kept.
CREATE TABLE sip_credentials (
    org_id BIGINT NOT NULL,
    user_name TEXT NOT NULL,
    account_id BIGINT NOT NULL,
    client_id TEXT,
    algorithm TEXT NOT NULL,
    ha1 TEXT NOT NULL,
    PRIMARY KEY (org_id, user_name)
);
CREATE INDEX sip_credentials_by_account ON sip_credentials (org_id, account_id);

CREATE TABLE clients (
    org_id BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, client_id)
);
CREATE INDEX clients_by_user ON clients (org_id, user_id);

-- Sessions, device tokens, API keys and one-time links: found by the SHA-256 of what their holder shows.
CREATE TABLE tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    org_id BIGINT NOT NULL,
    token_id TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    client_id TEXT,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT,
    idle_ms BIGINT,
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX tokens_by_id ON tokens (org_id, token_id);
CREATE INDEX tokens_by_user ON tokens (org_id, user_id, kind);

CREATE TABLE numbers (
    org_id BIGINT NOT NULL,
    number_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    revision BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, number_id)
);
CREATE UNIQUE INDEX numbers_by_number ON numbers (org_id, number);

-- A trunk's password has to be shown to its provider, so it can't be kept as a digest.
CREATE TABLE trunks (
    org_id BIGINT NOT NULL,
    trunk_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    secret TEXT,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, trunk_id)
);

-- What the SIP side has promised: registrations, and the dialogs of calls that are answered.
CREATE TABLE bindings (
    org_id BIGINT NOT NULL,
    account_id BIGINT NOT NULL,
    binding_key TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, account_id, binding_key)
);

CREATE TABLE confirmed_calls (
    org_id BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, call_id)
);

CREATE TABLE call_records (
    org_id BIGINT NOT NULL,
    record_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, record_id)
);
CREATE INDEX call_records_by_time ON call_records (org_id, started_at);

CREATE TABLE call_record_users (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    record_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id, record_id)
);
CREATE INDEX call_record_users_by_time ON call_record_users (org_id, user_id, started_at);

-- Why each device rang or did not: kept for another time than the record itself.
CREATE TABLE call_reasons (
    org_id BIGINT NOT NULL,
    record_id TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, record_id)
);

CREATE TABLE audit (
    org_id BIGINT NOT NULL,
    audit_id BIGINT NOT NULL,
    at BIGINT NOT NULL,
    author_id BIGINT,
    about_user BIGINT,
    what TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, audit_id)
);
CREATE INDEX audit_by_time ON audit (org_id, at);
CREATE INDEX audit_about ON audit (org_id, about_user);

CREATE TABLE change_requests (
    org_id BIGINT NOT NULL,
    request_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    open BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, request_id)
);
CREATE INDEX change_requests_by_user ON change_requests (org_id, user_id);

-- What changed, so that a client which was away learns what it missed.
CREATE TABLE outbox (
    org_id BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    at BIGINT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (org_id, revision)
);

-- An address from which somebody logged in before is not held up by others who guess at his password.
CREATE TABLE known_addresses (
    org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    address TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id, address)
);

-- Partners administer organisations beside their own.
CREATE TABLE partners (
    org_id BIGINT NOT NULL,
    home_org_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    PRIMARY KEY (org_id, home_org_id, user_id)
);

-- What concerns the whole installation: the set-up link's hash.
CREATE TABLE installation (
    name TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL
);
