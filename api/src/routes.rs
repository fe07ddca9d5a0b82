//! The whole route table on one page, and what its handlers share.
//!
//! The rule: a handler names its permission in its signature ([`crate::auth::Permitted`], [`crate::auth::Caller`],
//! [`crate::auth::Anybody`]; docs/PERMISSIONS.md has them all) and is registered here and nowhere else, so that the application
//! and its description ([`crate::openapi`]) come from one table.
//! Whatever a handler or an extractor refuses is an [`crate::error::ApiError`]; the middleware renders it as a problem.

use actix_web::web;

use crate::{gateway, server};

pub mod answer;
pub mod api_keys;
pub mod asking;
pub mod assistants;
pub mod audit_log;
pub mod auth;
pub mod config_file;
pub mod dialogs;
pub mod docs;
pub mod events;
pub mod extract;
mod fallback;
pub mod host;
pub mod list;
pub mod metrics;
pub mod model_groups;
pub mod model_instances;
pub mod oidc;
pub mod settings;
pub mod setup;
mod table;
pub mod usage;
pub mod users;

pub use fallback::fallback;
pub use table::RouteTable;

/// Every documented route.
pub fn configure(table: &mut impl RouteTable) {
    // The gateway, /v1. First, since routes are tried in order and nobody calls as often.
    gateway::handler::configure(table);
    table
        // Sessions
        .service(auth::login)
        .service(auth::refresh)
        .service(auth::logout)
        .service(auth::me)
        .service(auth::change_password)
        .service(oidc::get_sign_in_methods)
        .service(oidc::start_oidc_sign_in)
        .service(oidc::finish_oidc_sign_in)
        .service(setup::get_setup)
        .service(setup::finish_setup)
        // Model instances
        .service(model_instances::list_model_instances)
        .service(model_instances::create_model_instance)
        .service(model_instances::check_model_instance_draft)
        .service(model_instances::discover_model_instances)
        .service(model_instances::get_model_instance)
        .service(model_instances::update_model_instance)
        .service(model_instances::delete_model_instance)
        .service(model_instances::check_model_instance)
        .service(model_instances::duplicate_model_instance)
        .service(model_instances::start_model_instance_drill)
        .service(model_instances::end_model_instance_drill)
        // Model groups
        .service(model_groups::list_model_groups)
        .service(model_groups::create_model_group)
        .service(model_groups::preview_model_group_draft)
        .service(model_groups::get_model_group)
        .service(model_groups::update_model_group)
        .service(model_groups::delete_model_group)
        .service(model_groups::preview_model_group)
        .service(model_groups::try_model_group)
        // Assistants
        .service(assistants::list_assistants)
        .service(assistants::create_assistant)
        .service(assistants::get_assistant)
        .service(assistants::update_assistant)
        .service(assistants::delete_assistant)
        // The machine of the service
        .service(host::get_host)
        // Dialogs
        .service(dialogs::list_dialogs)
        .service(dialogs::create_dialog)
        .service(dialogs::get_dialog)
        .service(dialogs::update_dialog)
        .service(dialogs::delete_dialog)
        .service(dialogs::export_dialog)
        .service(dialogs::list_messages)
        .service(dialogs::create_message)
        .service(dialogs::retry_message)
        // Configuration as code
        .service(config_file::export_config)
        .service(config_file::apply_config)
        .service(config_file::get_config_schema)
        // API keys
        .service(api_keys::list_api_keys)
        .service(api_keys::create_api_key)
        .service(api_keys::get_api_key)
        .service(api_keys::update_api_key)
        .service(api_keys::revoke_api_key)
        // Users
        .service(users::list_users)
        .service(users::create_user)
        .service(users::get_user)
        .service(users::update_user)
        .service(users::delete_user)
        // Audit log
        .service(audit_log::list_audit_log)
        .service(audit_log::export_audit_log)
        // Settings
        .service(settings::get_settings)
        .service(settings::update_settings)
        // Usage
        .service(usage::get_usage)
        // Live events
        .service(events::stream_events)
        // The description itself
        .service(docs::get_openapi)
        // Metrics
        .service(metrics::get_metrics);
    server::readiness::configure(table);
}

/// Pages for people, which the description leaves out.
pub fn configure_undocumented(config: &mut web::ServiceConfig) {
    docs::configure(config);
}
