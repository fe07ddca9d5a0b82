-- The keys of somebody who may not sign in any more open nothing, so replicas must load their keys again.
CREATE TRIGGER announce_config AFTER UPDATE OF enabled ON users
    FOR EACH ROW WHEN (OLD.enabled IS DISTINCT FROM NEW.enabled) EXECUTE FUNCTION announce_config_change();
