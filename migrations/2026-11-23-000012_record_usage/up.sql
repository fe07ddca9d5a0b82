-- One row for each request of a caller with a valid key. Names are those of then, and nothing here refers to another table: what was used
-- outlives what it was used by. No prompt, no answer.
CREATE TABLE usage_requests (
    -- Made by the replica that writes it, so that a batch whose confirmation got lost is not written twice.
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    request_id text NOT NULL,
    key_id uuid NOT NULL,
    key_name text NOT NULL,
    user_id uuid,
    user_name text,
    group_id uuid,
    group_name text,
    instance_id uuid,
    instance_name text,
    endpoint text NOT NULL,
    stream boolean NOT NULL,
    status smallint,
    outcome text NOT NULL,
    attempts integer NOT NULL,
    failover boolean NOT NULL,
    first_byte_ms bigint,
    duration_ms bigint NOT NULL,
    prompt_tokens bigint,
    completion_tokens bigint
);
-- Rows come in the order of time, so the smallest of indexes finds those of a time.
CREATE INDEX usage_requests_at ON usage_requests USING brin (at);

-- The same by hours, for charts. Where a request belongs to none (no group of that name, no instance that answered, a key whose maker is
-- deleted) the id is all zeros, since a primary key has no nulls.
CREATE TABLE usage_hours (
    hour timestamptz NOT NULL,
    group_id uuid NOT NULL,
    instance_id uuid NOT NULL,
    key_id uuid NOT NULL,
    user_id uuid NOT NULL,
    endpoint text NOT NULL,
    group_name text NOT NULL,
    instance_name text NOT NULL,
    key_name text NOT NULL,
    user_name text NOT NULL,
    requests bigint NOT NULL,
    errors bigint NOT NULL,
    caller_left bigint NOT NULL,
    failovers bigint NOT NULL,
    with_tokens bigint NOT NULL,
    prompt_tokens bigint NOT NULL,
    completion_tokens bigint NOT NULL,
    -- How long things took: for each bucket of a histogram that is not empty its place, shifted by 40 bits, and its count.
    times bigint[] NOT NULL,
    PRIMARY KEY (hour, group_id, instance_id, key_id, user_id, endpoint)
    -- The row of this hour is written again with every batch: room for that beside it.
) WITH (fillfactor = 60);
CREATE INDEX usage_hours_user ON usage_hours (user_id, hour);

-- Two such histograms in one.
CREATE FUNCTION usage_times_add(one bigint[], other bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg((place << 40) + count ORDER BY place), '{}')
    FROM (
        SELECT item >> 40 AS place, sum(item & 1099511627775)::bigint AS count
        FROM unnest(one || other) AS item
        GROUP BY 1
    ) AS buckets
$$;

-- Requests that could not be recorded, by the hour in which they were lost.
CREATE TABLE usage_losses (
    hour timestamptz PRIMARY KEY,
    lost bigint NOT NULL
);

-- Usage has the names of keys, so replicas must hear of them, too.
DROP TRIGGER announce ON api_keys;
CREATE TRIGGER announce AFTER INSERT OR DELETE OR
    UPDATE OF name, scopes, group_ids, requests_per_minute, max_concurrency, expires_at, revoked_at ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
