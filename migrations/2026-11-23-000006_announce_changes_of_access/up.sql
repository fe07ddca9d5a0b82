-- A stream of events outlives the request that opened it, so every replica must hear when somebody loses the right to it:
-- a session that ends, a user who is disabled, demoted or deleted. Keys are part of the configuration and announced with it.
-- Nobody is named: replicas ask about the credentials that they have open. Equal announcements of one transaction are one.
CREATE FUNCTION announce_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('understudy_access', '');
    RETURN NULL;
END
$$;

CREATE TRIGGER announce_end AFTER UPDATE OF revoked_at ON sessions
    FOR EACH ROW WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at) EXECUTE FUNCTION announce_access_change();
CREATE TRIGGER announce_removal AFTER DELETE ON sessions
    FOR EACH ROW WHEN (OLD.revoked_at IS NULL) EXECUTE FUNCTION announce_access_change();
CREATE TRIGGER announce_rights AFTER UPDATE OF role, enabled ON users
    FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role OR OLD.enabled IS DISTINCT FROM NEW.enabled)
    EXECUTE FUNCTION announce_access_change();
