-- Version 1. Every key holds the tenant; every row but the texts, which are named by their digests, carries a seal.
-- Texts that are compared or ordered are so by their bytes, whatever the database's locale says.

CREATE TABLE versions (version bigint PRIMARY KEY);

-- The name of this store, and a seal of it that tells whether the key at hand is the one that rows are sealed by.
CREATE TABLE store (id text NOT NULL, seal bytea NOT NULL);

-- The key that rows are sealed by, where none is given from outside; apart, so that it can be granted apart.
CREATE TABLE keys (key bytea NOT NULL);

-- How many transactions each writer has made durable: what others look at to see that something changed, and a writer
-- itself to learn what became of a commit whose answer was lost.
CREATE TABLE writers (
    id text COLLATE "C" PRIMARY KEY,
    own bigint NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);

CREATE TABLE texts (
    tenant text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (tenant, digest)
);

-- Which rows mean a text.
CREATE TABLE uses (
    tenant text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    digest bytea NOT NULL,
    PRIMARY KEY (tenant, source, id, number, digest)
);
CREATE INDEX uses_by_text ON uses (tenant, digest);

-- The texts that a row meant no more, until somebody has looked whether others do.
CREATE TABLE loose (tenant text COLLATE "C" NOT NULL, digest bytea NOT NULL);

-- A record without a body was erased.
CREATE TABLE records (
    tenant text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    digest bytea NOT NULL,
    content bytea NOT NULL,
    body text,
    seal bytea NOT NULL,
    PRIMARY KEY (tenant, run_id, seq)
);

-- The end of each journal, apart from its records; the version is the number of the last one.
CREATE TABLE heads (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50);

-- The lease is outside of the seal of its row, because it is renewed without writing the row.
CREATE TABLE runs (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    thread text COLLATE "C",
    request_id text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    owner text COLLATE "C",
    started_at bigint NOT NULL,
    lease_until bigint NOT NULL,
    lease_seal bytea NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX runs_by_thread ON runs (tenant, thread);
CREATE INDEX runs_by_request ON runs (tenant, request_id);
CREATE INDEX runs_by_status ON runs (status, tenant);
CREATE INDEX runs_by_owner ON runs (owner) WHERE owner IS NOT NULL;

CREATE TABLE histories (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    thread text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX histories_by_thread ON histories (tenant, thread);

CREATE TABLE messages (
    tenant text COLLATE "C" NOT NULL,
    history text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (tenant, history, number)
);

CREATE TABLE plans (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    thread text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX plans_by_thread ON plans (tenant, thread);

-- Each plan's version at the first sweep that saw it, and when that was.
CREATE TABLE unchanged (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    since bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);

CREATE TABLE current_plans (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    thread text COLLATE "C" NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX current_plans_by_thread ON current_plans (tenant, thread);

CREATE TABLE approvals (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    thread text COLLATE "C",
    status text COLLATE "C" NOT NULL,
    asked_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX approvals_by_status ON approvals (tenant, status, asked_at);
CREATE INDEX approvals_by_run ON approvals (tenant, run_id);
CREATE INDEX approvals_by_expiry ON approvals (expires_at);

CREATE TABLE spending (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (tenant, id)
) WITH (fillfactor = 50);

CREATE TABLE entries (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    expires_at bigint NOT NULL,
    PRIMARY KEY (tenant, id)
);
CREATE INDEX entries_by_expiry ON entries (expires_at);

CREATE TABLE contents (
    tenant text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    body text NOT NULL,
    seal bytea NOT NULL,
    PRIMARY KEY (tenant, id)
);
