CREATE TABLE assistants (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    -- Unique over everybody's: the gateway looks an assistant up by its name alone.
    name_key text NOT NULL UNIQUE,
    title text NOT NULL,
    description text NOT NULL,
    -- Null once the group is gone: a person's own assistant does not hold it back, and is given another one. Shared ones do, in the service.
    group_id uuid REFERENCES model_groups (id) ON DELETE SET NULL,
    system_prompt text NOT NULL,
    -- json, not jsonb: these values go into requests, and their numbers must arrive as they were written.
    parameters json NOT NULL,
    visibility text NOT NULL CHECK (visibility IN ('private', 'shared')),
    -- Null: made by a program or a file of settings, or by somebody who is gone. Nobody could reach a private one without.
    owner_id uuid REFERENCES users (id) ON DELETE SET NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (visibility = 'shared' OR owner_id IS NOT NULL)
);
CREATE INDEX assistants_group_id ON assistants (group_id);
CREATE INDEX assistants_owner_id ON assistants (owner_id);

CREATE TRIGGER announce AFTER INSERT OR UPDATE OR DELETE ON assistants
    FOR EACH STATEMENT EXECUTE FUNCTION announce_config_change();

CREATE TABLE dialogs (
    id uuid PRIMARY KEY,
    -- Nobody else reads them, so they go with their person.
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title text NOT NULL,
    -- Whether the title is a person's own and not made from the first question.
    titled boolean NOT NULL,
    -- At most one; none once it is deleted: the dialog says so, by the name it had, and another one is chosen.
    group_id uuid REFERENCES model_groups (id) ON DELETE SET NULL,
    assistant_id uuid REFERENCES assistants (id) ON DELETE SET NULL,
    target_kind text NOT NULL CHECK (target_kind IN ('group', 'assistant')),
    target_name text NOT NULL,
    target_title text NOT NULL,
    -- While an answer is being given: until when it counts as such, unless the replica that gives it says so again.
    answering_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Of the last message, or of the last change.
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (group_id IS NULL OR assistant_id IS NULL)
);
CREATE INDEX dialogs_user_id ON dialogs (user_id, updated_at DESC);
CREATE INDEX dialogs_group_id ON dialogs (group_id);
CREATE INDEX dialogs_assistant_id ON dialogs (assistant_id);

CREATE TABLE dialog_messages (
    id uuid PRIMARY KEY,
    dialog_id uuid NOT NULL REFERENCES dialogs (id) ON DELETE CASCADE,
    position integer NOT NULL,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    content text NOT NULL,
    -- Of answers, and null in questions: complete, stopped, interrupted or failed.
    state text CHECK (state IN ('complete', 'stopped', 'interrupted', 'failed')),
    -- Of an answer that failed or broke off: the problem's code and detail.
    problem_code text,
    problem_detail text,
    -- Names are those of then: an answer outlives the instance that gave it.
    instance_id uuid,
    instance_name text,
    trace jsonb NOT NULL,
    -- Earlier messages that did not fit into the context and were not sent.
    left_out integer NOT NULL DEFAULT 0,
    first_byte_ms bigint,
    duration_ms bigint,
    prompt_tokens bigint,
    completion_tokens bigint,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (dialog_id, position),
    CHECK ((role = 'assistant') = (state IS NOT NULL))
);
