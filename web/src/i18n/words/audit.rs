//! Words of the audit log. Names of a later version have none here and stand as they are.

use understudy_shared::{AuditAction, AuditActorKind, AuditOutcome, AuditTargetKind};

use super::Words;
use crate::i18n::t_string;

/// What was done.
pub fn audit_action(i18n: Words, action: AuditAction) -> &'static str {
    use AuditAction as A;
    match action {
        A::ModelInstanceCreate => t_string!(i18n, audit.action.model_instance_create),
        A::ModelInstanceUpdate => t_string!(i18n, audit.action.model_instance_update),
        A::ModelInstanceDelete => t_string!(i18n, audit.action.model_instance_delete),
        A::ModelInstanceDuplicate => t_string!(i18n, audit.action.model_instance_duplicate),
        A::ModelInstanceStartDrill => t_string!(i18n, audit.action.model_instance_start_drill),
        A::ModelInstanceEndDrill => t_string!(i18n, audit.action.model_instance_end_drill),
        A::ModelGroupCreate => t_string!(i18n, audit.action.model_group_create),
        A::ModelGroupUpdate => t_string!(i18n, audit.action.model_group_update),
        A::ModelGroupDelete => t_string!(i18n, audit.action.model_group_delete),
        A::AssistantCreate => t_string!(i18n, audit.action.assistant_create),
        A::AssistantUpdate => t_string!(i18n, audit.action.assistant_update),
        A::AssistantDelete => t_string!(i18n, audit.action.assistant_delete),
        A::ApiKeyCreate => t_string!(i18n, audit.action.api_key_create),
        A::ApiKeyUpdate => t_string!(i18n, audit.action.api_key_update),
        A::ApiKeyRevoke => t_string!(i18n, audit.action.api_key_revoke),
        A::UserCreate => t_string!(i18n, audit.action.user_create),
        A::UserUpdate => t_string!(i18n, audit.action.user_update),
        A::UserDelete => t_string!(i18n, audit.action.user_delete),
        A::UserChangePassword => t_string!(i18n, audit.action.user_change_password),
        A::SessionSignIn => t_string!(i18n, audit.action.session_sign_in),
        A::SessionSignInFailed => t_string!(i18n, audit.action.session_sign_in_failed),
        A::SessionSignOut => t_string!(i18n, audit.action.session_sign_out),
        A::SessionReuseDetected => t_string!(i18n, audit.action.session_reuse_detected),
        A::SetupFinish => t_string!(i18n, audit.action.setup_finish),
        A::SettingsUpdate => t_string!(i18n, audit.action.settings_update),
        A::SecretsRekey => t_string!(i18n, audit.action.secrets_rekey),
        A::AuditLogExport => t_string!(i18n, audit.action.audit_log_export),
        A::AuditLogPrune => t_string!(i18n, audit.action.audit_log_prune),
        A::AccessDeny => t_string!(i18n, audit.action.access_deny),
    }
}

/// The filter for all that is done to one noun; none where there is one thing only.
pub fn audit_noun(noun: &str) -> Option<&'static str> {
    let all = [
        "model_instance.",
        "model_group.",
        "assistant.",
        "api_key.",
        "user.",
        "session.",
        "audit_log.",
    ];
    all.into_iter()
        .find(|all| all.strip_suffix('.') == Some(noun))
}

/// All that is done to the noun of an action.
pub fn audit_all(i18n: Words, action: AuditAction) -> String {
    match action.noun() {
        "session" => t_string!(i18n, audit.sessions).to_owned(),
        "audit_log" => t_string!(i18n, audit.log).to_owned(),
        noun => audit_targets(i18n, noun).to_owned(),
    }
}

fn audit_targets(i18n: Words, noun: &str) -> &'static str {
    match noun {
        "model_instance" => t_string!(i18n, audit.targets.model_instance),
        "model_group" => t_string!(i18n, audit.targets.model_group),
        "assistant" => t_string!(i18n, audit.targets.assistant),
        "api_key" => t_string!(i18n, audit.targets.api_key),
        _ => t_string!(i18n, audit.targets.user),
    }
}

/// What something was done to.
pub fn audit_target(i18n: Words, kind: &str) -> String {
    use AuditTargetKind as T;
    match T::read(kind) {
        Some(T::ModelInstance) => t_string!(i18n, audit.target.model_instance),
        Some(T::ModelGroup) => t_string!(i18n, audit.target.model_group),
        Some(T::Assistant) => t_string!(i18n, audit.target.assistant),
        Some(T::ApiKey) => t_string!(i18n, audit.target.api_key),
        Some(T::User) => t_string!(i18n, audit.target.user),
        Some(T::Settings) => t_string!(i18n, audit.target.settings),
        Some(T::Secrets) => t_string!(i18n, audit.target.secrets),
        Some(T::AuditLog) => t_string!(i18n, audit.target.audit_log),
        Some(T::Operation) => t_string!(i18n, audit.target.operation),
        None => return kind.to_owned(),
    }
    .to_owned()
}

/// What somebody is.
pub fn audit_actor(i18n: Words, kind: AuditActorKind) -> &'static str {
    match kind {
        AuditActorKind::User => t_string!(i18n, audit.actor.user),
        AuditActorKind::ApiKey => t_string!(i18n, audit.actor.api_key),
        AuditActorKind::Command => t_string!(i18n, audit.actor.command),
        AuditActorKind::Service => t_string!(i18n, audit.actor.service),
        AuditActorKind::Anonymous => t_string!(i18n, audit.actor.anonymous),
    }
}

/// What came of it.
pub fn audit_outcome(i18n: Words, outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Success => t_string!(i18n, audit.outcome.success),
        AuditOutcome::Failure => t_string!(i18n, audit.outcome.failure),
        AuditOutcome::Denied => t_string!(i18n, audit.outcome.denied),
    }
}
