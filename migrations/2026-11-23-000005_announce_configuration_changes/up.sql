-- Every replica keeps the configuration in memory. A change raises the revision in the same transaction and announces it;
-- replicas that miss the announcement see the revision when they poll. Triggers do it, so that no writer can forget.
CREATE TABLE config_revision (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO config_revision (revision) VALUES (1);

CREATE FUNCTION announce_config_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    current bigint;
BEGIN
    UPDATE config_revision SET revision = revision + 1 RETURNING revision INTO current;
    PERFORM pg_notify('understudy_config', current::text);
    RETURN NULL;
END
$$;

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON model_instances
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON instance_tokens
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON instance_headers
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON instance_proxies
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON model_groups
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON model_group_members
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
-- Not last_used_at: that a key was used changes nothing for anybody.
CREATE TRIGGER announce AFTER INSERT OR DELETE OR
    UPDATE OF scopes, group_ids, requests_per_minute, max_concurrency, expires_at, revoked_at ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
