-- A drill pretends that an instance is down until a moment. It lives in the configuration, so that every replica takes part, and
-- ends by the clock, so that nobody has to write anything for it to end.
ALTER TABLE model_instances
    ADD COLUMN drilled_since timestamptz,
    ADD COLUMN drilled_until timestamptz;
