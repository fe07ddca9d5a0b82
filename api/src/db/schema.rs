// @generated automatically by Diesel CLI.

diesel::table! {
    api_keys (id) {
        id -> Uuid,
        name -> Text,
        prefix -> Text,
        key_hash -> Bytea,
        scopes -> Array<Nullable<Text>>,
        group_ids -> Nullable<Array<Nullable<Uuid>>>,
        requests_per_minute -> Nullable<Int4>,
        max_concurrency -> Nullable<Int4>,
        expires_at -> Nullable<Timestamptz>,
        last_used_at -> Nullable<Timestamptz>,
        revoked_at -> Nullable<Timestamptz>,
        created_by -> Nullable<Uuid>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    assistants (id) {
        id -> Uuid,
        name -> Text,
        name_key -> Text,
        title -> Text,
        description -> Text,
        group_id -> Nullable<Uuid>,
        system_prompt -> Text,
        parameters -> Json,
        visibility -> Text,
        owner_id -> Nullable<Uuid>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Uuid,
        at -> Timestamptz,
        actor_kind -> Text,
        actor_id -> Nullable<Uuid>,
        actor_name -> Nullable<Text>,
        actor_key -> Nullable<Text>,
        address -> Nullable<Text>,
        action -> Text,
        noun -> Text,
        target_kind -> Text,
        target_id -> Nullable<Uuid>,
        target_name -> Nullable<Text>,
        changes -> Json,
        outcome -> Text,
        request_id -> Nullable<Text>,
        search -> Text,
    }
}

diesel::table! {
    config_revision (only_row) {
        only_row -> Bool,
        revision -> Int8,
    }
}

diesel::table! {
    dialog_messages (id) {
        id -> Uuid,
        dialog_id -> Uuid,
        position -> Int4,
        role -> Text,
        content -> Text,
        state -> Nullable<Text>,
        problem_code -> Nullable<Text>,
        problem_detail -> Nullable<Text>,
        instance_id -> Nullable<Uuid>,
        instance_name -> Nullable<Text>,
        trace -> Jsonb,
        left_out -> Int4,
        first_byte_ms -> Nullable<Int8>,
        duration_ms -> Nullable<Int8>,
        prompt_tokens -> Nullable<Int8>,
        completion_tokens -> Nullable<Int8>,
        created_at -> Timestamptz,
        finish_reason -> Nullable<Text>,
    }
}

diesel::table! {
    dialogs (id) {
        id -> Uuid,
        user_id -> Uuid,
        title -> Text,
        titled -> Bool,
        group_id -> Nullable<Uuid>,
        assistant_id -> Nullable<Uuid>,
        target_kind -> Text,
        target_name -> Text,
        target_title -> Text,
        answering_until -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        answering_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    instance_checks (instance_id) {
        instance_id -> Uuid,
        seq -> Int8,
        record -> Jsonb,
    }
}

diesel::table! {
    instance_headers (id) {
        id -> Uuid,
        instance_id -> Uuid,
        position -> Int4,
        name -> Text,
        hint -> Text,
        value_encrypted -> Bytea,
    }
}

diesel::table! {
    instance_proxies (id) {
        id -> Uuid,
        instance_id -> Uuid,
        position -> Int4,
        url -> Text,
        username -> Nullable<Text>,
        password_encrypted -> Nullable<Bytea>,
    }
}

diesel::table! {
    instance_tokens (id) {
        id -> Uuid,
        instance_id -> Uuid,
        position -> Int4,
        label -> Text,
        hint -> Text,
        value_encrypted -> Bytea,
    }
}

diesel::table! {
    model_group_members (group_id, instance_id) {
        group_id -> Uuid,
        instance_id -> Uuid,
        position -> Int4,
        weight -> Int4,
        enabled -> Bool,
        model -> Nullable<Text>,
    }
}

diesel::table! {
    model_groups (id) {
        id -> Uuid,
        name -> Text,
        name_key -> Text,
        title -> Text,
        description -> Text,
        enabled -> Bool,
        strategy -> Text,
        max_attempts -> Int4,
        deadline_ms -> Int8,
        allowed_kinds -> Array<Nullable<Text>>,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    model_instances (id) {
        id -> Uuid,
        name -> Text,
        name_key -> Text,
        description -> Text,
        labels -> Jsonb,
        enabled -> Bool,
        kind -> Text,
        protocol -> Text,
        scheme -> Text,
        host -> Text,
        port -> Int4,
        base_path -> Text,
        model -> Nullable<Text>,
        auth_type -> Text,
        auth_header -> Nullable<Text>,
        tls_ca_pem -> Nullable<Text>,
        tls_insecure_skip_verify -> Bool,
        parameters -> Json,
        limits -> Jsonb,
        timeouts -> Jsonb,
        health_check -> Jsonb,
        capabilities -> Jsonb,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        drilled_since -> Nullable<Timestamptz>,
        drilled_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    paid_checks (instance_id) {
        instance_id -> Uuid,
        at -> Timestamptz,
    }
}

diesel::table! {
    refresh_tokens (token_hash) {
        token_hash -> Bytea,
        session_id -> Uuid,
        created_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    settings (only_row) {
        only_row -> Bool,
        audit_retention_days -> Nullable<Int4>,
        version -> Int8,
        updated_at -> Timestamptz,
        usage_retention_days -> Nullable<Int4>,
    }
}

diesel::table! {
    setup_tokens (token_hash) {
        token_hash -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    usage_hours (hour, group_id, instance_id, key_id, user_id, endpoint) {
        hour -> Timestamptz,
        group_id -> Uuid,
        instance_id -> Uuid,
        key_id -> Uuid,
        user_id -> Uuid,
        endpoint -> Text,
        group_name -> Text,
        instance_name -> Text,
        key_name -> Text,
        user_name -> Text,
        requests -> Int8,
        errors -> Int8,
        caller_left -> Int8,
        failovers -> Int8,
        with_tokens -> Int8,
        prompt_tokens -> Int8,
        completion_tokens -> Int8,
        times -> Array<Nullable<Int8>>,
    }
}

diesel::table! {
    usage_losses (hour) {
        hour -> Timestamptz,
        lost -> Int8,
    }
}

diesel::table! {
    usage_requests (id) {
        id -> Uuid,
        at -> Timestamptz,
        request_id -> Text,
        key_id -> Uuid,
        key_name -> Text,
        user_id -> Nullable<Uuid>,
        user_name -> Nullable<Text>,
        group_id -> Nullable<Uuid>,
        group_name -> Nullable<Text>,
        instance_id -> Nullable<Uuid>,
        instance_name -> Nullable<Text>,
        endpoint -> Text,
        stream -> Bool,
        status -> Nullable<Int2>,
        outcome -> Text,
        attempts -> Int4,
        failover -> Bool,
        first_byte_ms -> Nullable<Int8>,
        duration_ms -> Int8,
        prompt_tokens -> Nullable<Int8>,
        completion_tokens -> Nullable<Int8>,
    }
}

diesel::table! {
    used_sign_ins (id) {
        id -> Uuid,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        username -> Text,
        username_key -> Text,
        display_name -> Text,
        password_hash -> Text,
        role -> Text,
        enabled -> Bool,
        version -> Int8,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        last_sign_in_at -> Nullable<Timestamptz>,
        oidc_issuer -> Nullable<Text>,
        oidc_subject -> Nullable<Text>,
    }
}

diesel::joinable!(api_keys -> users (created_by));
diesel::joinable!(assistants -> model_groups (group_id));
diesel::joinable!(assistants -> users (owner_id));
diesel::joinable!(dialog_messages -> dialogs (dialog_id));
diesel::joinable!(dialogs -> assistants (assistant_id));
diesel::joinable!(dialogs -> model_groups (group_id));
diesel::joinable!(dialogs -> users (user_id));
diesel::joinable!(instance_checks -> model_instances (instance_id));
diesel::joinable!(instance_headers -> model_instances (instance_id));
diesel::joinable!(instance_proxies -> model_instances (instance_id));
diesel::joinable!(instance_tokens -> model_instances (instance_id));
diesel::joinable!(model_group_members -> model_groups (group_id));
diesel::joinable!(model_group_members -> model_instances (instance_id));
diesel::joinable!(paid_checks -> model_instances (instance_id));
diesel::joinable!(refresh_tokens -> sessions (session_id));
diesel::joinable!(sessions -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    api_keys,
    assistants,
    audit_log,
    config_revision,
    dialog_messages,
    dialogs,
    instance_checks,
    instance_headers,
    instance_proxies,
    instance_tokens,
    model_group_members,
    model_groups,
    model_instances,
    paid_checks,
    refresh_tokens,
    sessions,
    settings,
    setup_tokens,
    usage_hours,
    usage_losses,
    usage_requests,
    used_sign_ins,
    users,
);
