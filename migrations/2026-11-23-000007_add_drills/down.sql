ALTER TABLE model_instances
    DROP COLUMN drilled_since,
    DROP COLUMN drilled_until;
