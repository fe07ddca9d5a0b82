DROP TRIGGER announce ON api_keys;
CREATE TRIGGER announce AFTER INSERT OR DELETE OR
    UPDATE OF scopes, group_ids, requests_per_minute, max_concurrency, expires_at, revoked_at ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();
DROP TABLE usage_losses;
DROP FUNCTION usage_times_add(bigint[], bigint[]);
DROP TABLE usage_hours;
DROP TABLE usage_requests;
