-- What administrators change while the service runs. One row, so that a change of one setting sees all of them.
CREATE TABLE settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    audit_retention_days integer CHECK (audit_retention_days BETWEEN 1 AND 36500),
    version bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO settings DEFAULT VALUES;

-- Who did what. Actors and targets are ids and names as of then, without references: what is deleted stays in the log.
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    -- The clock of the database, which all replicas share.
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_kind text NOT NULL CHECK (actor_kind IN ('user', 'api_key', 'command', 'service', 'anonymous')),
    actor_id uuid,
    actor_name text,
    -- The name in lower case.
    actor_key text,
    address text,
    action text NOT NULL,
    noun text NOT NULL GENERATED ALWAYS AS (split_part(action, '.', 1)) STORED,
    target_kind text NOT NULL,
    target_id uuid,
    target_name text,
    -- json, not jsonb: a parameter of an instance may have what jsonb does not take, and the log shows it as it was written.
    changes json NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('success', 'failure', 'denied')),
    request_id text,
    -- What a search looks into, in lower case as the service has it: PostgreSQL's own depends on the locale.
    search text NOT NULL
);

-- Each filter has one in the order of the list, so that a page is read from an index however long the log is.
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor_id ON audit_log (actor_id, at, id);
CREATE INDEX audit_log_actor_key ON audit_log (actor_key, at, id);
CREATE INDEX audit_log_actor_kind ON audit_log (actor_kind, at, id);
CREATE INDEX audit_log_address ON audit_log (address, at, id);
CREATE INDEX audit_log_action ON audit_log (action, at, id);
CREATE INDEX audit_log_noun ON audit_log (noun, at, id);
CREATE INDEX audit_log_target ON audit_log (target_id, at, id);
CREATE INDEX audit_log_target_kind ON audit_log (target_kind, at, id);
CREATE INDEX audit_log_outcome ON audit_log (outcome, at, id);

-- Nobody changes a record, and nobody removes one but those that the settings do not keep any longer. The settings say so, and not
-- who asks, so that a fault of the service cannot remove more.
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.at < now() - (SELECT make_interval(days => audit_retention_days) FROM settings) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'records of the audit log are neither changed nor removed' USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER refuse BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
