//! What a connection check found, in the language of the screen.

use understudy_shared::{CheckCode, CheckStep};

use super::super::*;
use super::Words;
use super::numbers::models;

/// The name of a step.
pub fn check_step(i18n: Words, step: CheckStep) -> &'static str {
    match step {
        CheckStep::Resolve => t_string!(i18n, check.step.resolve),
        CheckStep::Connect => t_string!(i18n, check.step.connect),
        CheckStep::Tls => t_string!(i18n, check.step.tls),
        CheckStep::Authenticate => t_string!(i18n, check.step.authenticate),
        CheckStep::ListModels => t_string!(i18n, check.step.list_models),
        CheckStep::ModelListed => t_string!(i18n, check.step.model_listed),
    }
}

/// What a step, or the whole check, found, and what to do about it.
pub fn check(i18n: Words, code: &CheckCode) -> String {
    let text = match code {
        CheckCode::Ok { found: Some(found) } => return t_string!(i18n, check.ok_found, found),
        CheckCode::ModelsListed { count } => {
            return t_string!(i18n, check.models_listed, models = models(i18n, *count));
        }
        CheckCode::TokenRequired { status } => {
            return t_string!(i18n, check.token_required, status = *status);
        }
        CheckCode::TokenRefused { status } => {
            return t_string!(i18n, check.token_refused, status = *status);
        }
        CheckCode::HttpStatus { status } => {
            return t_string!(i18n, check.http_status, status = *status);
        }
        CheckCode::ModelMissing { model } => return t_string!(i18n, check.model_missing, model),
        CheckCode::ModelAmbiguous { count } => {
            return t_string!(i18n, check.model_ambiguous, models = models(i18n, *count));
        }
        CheckCode::Ok { found: None } => t_string!(i18n, check.ok),
        CheckCode::ThroughProxy => t_string!(i18n, check.through_proxy),
        CheckCode::NoTokenNeeded => t_string!(i18n, check.no_token_needed),
        CheckCode::NotApplicable => t_string!(i18n, check.not_applicable),
        CheckCode::Unverified => t_string!(i18n, check.unverified),
        CheckCode::NotReached => t_string!(i18n, check.not_reached),
        CheckCode::NameUnknown => t_string!(i18n, check.name_unknown),
        CheckCode::Denied => t_string!(i18n, check.denied),
        CheckCode::ConnectRefused => t_string!(i18n, check.connect_refused),
        CheckCode::HostUnreachable => t_string!(i18n, check.host_unreachable),
        CheckCode::ConnectFailed => t_string!(i18n, check.connect_failed),
        CheckCode::ProxyFailed => t_string!(i18n, check.proxy_failed),
        CheckCode::Timeout => t_string!(i18n, check.timeout),
        CheckCode::TlsFailed => t_string!(i18n, check.tls_failed),
        CheckCode::ConnectionLost => t_string!(i18n, check.connection_lost),
        CheckCode::NotHttp => t_string!(i18n, check.not_http),
        CheckCode::BadAnswer => t_string!(i18n, check.bad_answer),
        CheckCode::NoModels => t_string!(i18n, check.no_models),
        CheckCode::SecretUnreadable => t_string!(i18n, check.secret_unreadable),
        CheckCode::Misconfigured => t_string!(i18n, check.misconfigured),
    };
    text.to_owned()
}
