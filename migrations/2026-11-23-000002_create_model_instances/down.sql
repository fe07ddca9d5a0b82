DROP TABLE instance_proxies;
DROP TABLE instance_headers;
DROP TABLE instance_tokens;
DROP TABLE model_instances;
