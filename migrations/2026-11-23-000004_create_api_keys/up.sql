CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    prefix text NOT NULL,
    -- SHA-256 of the key. The key has 256 random bits, so a slow hash would add nothing.
    key_hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    group_ids uuid[],
    requests_per_minute integer,
    max_concurrency integer,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_by uuid REFERENCES users (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
