DROP TRIGGER announce_rights ON users;
DROP TRIGGER announce_removal ON sessions;
DROP TRIGGER announce_end ON sessions;
DROP FUNCTION announce_access_change();
