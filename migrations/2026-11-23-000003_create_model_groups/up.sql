CREATE TABLE model_groups (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    name_key text NOT NULL UNIQUE,
    title text NOT NULL,
    description text NOT NULL,
    enabled boolean NOT NULL,
    strategy text NOT NULL CHECK (strategy IN ('first_available', 'weighted', 'least_busy', 'fastest')),
    max_attempts integer NOT NULL CHECK (max_attempts BETWEEN 1 AND 20),
    deadline_ms bigint NOT NULL CHECK (deadline_ms BETWEEN 1000 AND 3600000),
    allowed_kinds text[] NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE model_group_members (
    group_id uuid NOT NULL REFERENCES model_groups (id) ON DELETE CASCADE,
    -- No cascade: an instance that a group uses is not deleted behind the group's back.
    instance_id uuid NOT NULL REFERENCES model_instances (id) ON DELETE RESTRICT,
    position integer NOT NULL,
    weight integer NOT NULL CHECK (weight BETWEEN 1 AND 1000),
    enabled boolean NOT NULL,
    model text,
    PRIMARY KEY (group_id, instance_id)
);
CREATE INDEX model_group_members_instance_id ON model_group_members (instance_id);
