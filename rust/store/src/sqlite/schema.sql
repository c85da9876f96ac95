-- Version 1. Every key holds the tenant; every row but the texts, which are named by their digests, carries a seal.

CREATE TABLE versions (version INTEGER PRIMARY KEY) STRICT;

-- The name of this store, which also stands in its head.
CREATE TABLE store (id TEXT NOT NULL) STRICT;

-- The groups that the head may not have yet, and the one before them: its lines, and who wrote how many.
CREATE TABLE groups (
    number INTEGER PRIMARY KEY,
    line TEXT NOT NULL,
    writer TEXT NOT NULL,
    own INTEGER NOT NULL
) STRICT;

CREATE TABLE texts (
    tenant TEXT NOT NULL,
    digest BLOB NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant, digest)
) STRICT;

-- How many places of rows mean a text: apart from it, so that counting does not write the text again.
CREATE TABLE uses (
    tenant TEXT NOT NULL,
    digest BLOB NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (tenant, digest)
) STRICT, WITHOUT ROWID;

-- A record without a body was erased.
CREATE TABLE records (
    tenant TEXT NOT NULL,
    run_id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    digest BLOB NOT NULL,
    content BLOB NOT NULL,
    body TEXT,
    seal BLOB NOT NULL,
    PRIMARY KEY (tenant, run_id, seq)
) STRICT, WITHOUT ROWID;

-- The lease is outside of the seal of its row, because it is renewed without writing the row.
CREATE TABLE runs (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    thread TEXT,
    request_id TEXT,
    status TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT,
    started_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    lease_seal BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX runs_by_thread ON runs (tenant, thread);
CREATE INDEX runs_by_request ON runs (tenant, request_id);
CREATE INDEX runs_by_status ON runs (status, tenant);
CREATE INDEX runs_by_owner ON runs (owner) WHERE owner IS NOT NULL;

CREATE TABLE histories (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    thread TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX histories_by_thread ON histories (tenant, thread);

CREATE TABLE messages (
    tenant TEXT NOT NULL,
    history TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (tenant, history, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE plans (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    thread TEXT NOT NULL,
    status TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX plans_by_thread ON plans (tenant, thread);

-- Each plan's version at the first sweep that saw it, and when that was.
CREATE TABLE unchanged (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE current_plans (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    thread TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX current_plans_by_thread ON current_plans (tenant, thread);

CREATE TABLE approvals (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    run_id TEXT NOT NULL,
    thread TEXT,
    status TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX approvals_by_status ON approvals (tenant, status, asked_at);
CREATE INDEX approvals_by_run ON approvals (tenant, run_id);
CREATE INDEX approvals_by_expiry ON approvals (expires_at);

CREATE TABLE spending (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;

CREATE TABLE entries (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
CREATE INDEX entries_by_expiry ON entries (expires_at);

CREATE TABLE contents (
    tenant TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT;
