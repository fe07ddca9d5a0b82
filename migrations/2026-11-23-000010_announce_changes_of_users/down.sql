DROP TRIGGER announce_config ON users;
