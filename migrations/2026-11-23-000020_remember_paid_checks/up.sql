-- When an instance was last checked in a way that costs money. Apart from what the check found, so that neither other checks nor
-- switching them off overwrites it: whoever wants to pay has to put the present time in here first.
CREATE TABLE paid_checks (
    instance_id uuid PRIMARY KEY REFERENCES model_instances (id) ON DELETE CASCADE,
    at timestamptz NOT NULL
);
