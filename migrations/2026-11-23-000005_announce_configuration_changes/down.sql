DROP TRIGGER announce ON api_keys;
DROP TRIGGER announce ON model_group_members;
DROP TRIGGER announce ON model_groups;
DROP TRIGGER announce ON instance_proxies;
DROP TRIGGER announce ON instance_headers;
DROP TRIGGER announce ON instance_tokens;
DROP TRIGGER announce ON model_instances;
DROP FUNCTION announce_config_change();
DROP TABLE config_revision;
