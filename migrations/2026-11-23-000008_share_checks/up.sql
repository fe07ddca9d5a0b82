-- What checks found last, of each instance. One replica writes it; the others read it when they are told to, or when they start.
-- Nothing of it is configuration: no trigger, and whatever is lost is found out again by the next check.
CREATE SEQUENCE instance_checks_seq;

CREATE TABLE instance_checks (
    instance_id uuid PRIMARY KEY REFERENCES model_instances (id) ON DELETE CASCADE,
    seq bigint NOT NULL,
    record jsonb NOT NULL
) WITH (fillfactor = 50);
