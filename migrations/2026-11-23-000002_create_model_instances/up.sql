CREATE TABLE model_instances (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    name_key text NOT NULL UNIQUE,
    description text NOT NULL,
    labels jsonb NOT NULL,
    enabled boolean NOT NULL,
    kind text NOT NULL CHECK (kind IN ('local', 'network', 'cloud')),
    protocol text NOT NULL,
    scheme text NOT NULL CHECK (scheme IN ('http', 'https')),
    host text NOT NULL,
    port integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    base_path text NOT NULL,
    model text,
    auth_type text NOT NULL CHECK (auth_type IN ('none', 'bearer', 'header')),
    auth_header text,
    tls_ca_pem text,
    tls_insecure_skip_verify boolean NOT NULL,
    -- json, not jsonb: these values go into requests, and their numbers must arrive as they were written.
    parameters json NOT NULL,
    limits jsonb NOT NULL,
    timeouts jsonb NOT NULL,
    health_check jsonb NOT NULL,
    capabilities jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE instance_tokens (
    id uuid PRIMARY KEY,
    instance_id uuid NOT NULL REFERENCES model_instances (id) ON DELETE CASCADE,
    position integer NOT NULL,
    label text NOT NULL,
    hint text NOT NULL,
    value_encrypted bytea NOT NULL
);
CREATE INDEX instance_tokens_instance_id ON instance_tokens (instance_id, position);

CREATE TABLE instance_headers (
    id uuid PRIMARY KEY,
    instance_id uuid NOT NULL REFERENCES model_instances (id) ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    hint text NOT NULL,
    value_encrypted bytea NOT NULL
);
CREATE INDEX instance_headers_instance_id ON instance_headers (instance_id, position);

CREATE TABLE instance_proxies (
    id uuid PRIMARY KEY,
    instance_id uuid NOT NULL REFERENCES model_instances (id) ON DELETE CASCADE,
    position integer NOT NULL,
    url text NOT NULL,
    username text,
    password_encrypted bytea
);
CREATE INDEX instance_proxies_instance_id ON instance_proxies (instance_id, position);
