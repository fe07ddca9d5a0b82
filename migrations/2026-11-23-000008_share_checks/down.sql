DROP TABLE instance_checks;
DROP SEQUENCE instance_checks_seq;
