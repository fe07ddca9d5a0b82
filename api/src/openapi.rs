//! The description of the API: collected from the handlers, completed here with what holds for all of them.
//!
//! A handler describes what is its own. What follows from the conventions is added by rule, so that no handler can forget it:
//! failures of the credential, of a path's id, of a body, of `If-Match` and of the database.

use actix_web::App;
use understudy_shared::Problem;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    Response, ResponseBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};
use utoipa_actix_web::AppExt as _;

use crate::auth::cookie;
use crate::error::PROBLEM_JSON;
use crate::routes;

const DESCRIPTION: &str = "Manages language models, and answers with the first one that is available.\n\n\
    **Management** (`/api/v1`): JSON; failures are `application/problem+json` (RFC 9457) with a `code` for programs. \
    Credential: `Authorization: Bearer` with an access token, or with an API key that has a management scope.\n\n\
    **Gateway** (`/v1`): the OpenAI API; a model group's name is the `model`. Credential: an API key with the scope `gateway`.";

const TAGS: [(&str, &str); 18] = [
    ("sessions", "Signing in and out"),
    ("setup", "The first administrator"),
    (
        "model-instances",
        "Connections to backends. Role `operator`, or keys with `manage:read` and `manage:write`",
    ),
    (
        "model-groups",
        "What callers choose as `model`. Everybody who is signed in reads them, operators change them",
    ),
    (
        "assistants",
        "Groups with a system prompt and parameters. Everybody has their own and finds the shared ones, which operators change",
    ),
    (
        "host",
        "What the machine of the service has to run models with",
    ),
    (
        "dialogs",
        "Conversations of people with groups and assistants. Everybody has their own, and nobody reads others'",
    ),
    (
        "config",
        "Configuration as code: instances, groups and shared assistants as a file",
    ),
    (
        "api-keys",
        "Credentials of programs. People have their own, administrators see all",
    ),
    ("users", "People who sign in. For administrators"),
    (
        "audit-log",
        "Who changed what, when, from where. For administrators; nothing changes or deletes it",
    ),
    (
        "settings",
        "What administrators change while the service runs",
    ),
    (
        "usage",
        "Requests, errors, latency and tokens over time. People see their own, operators all",
    ),
    (
        "events",
        "What changes, as it changes. Everybody who reads groups may listen",
    ),
    (
        "gateway",
        "The OpenAI API, answered by the first available instance of a group",
    ),
    ("health", "For orchestrators"),
    ("metrics", "For Prometheus"),
    ("description", "This document"),
];

/// The document before the handlers are collected.
pub fn base() -> OpenApi {
    let license = LicenseBuilder::new()
        .name("MIT OR Apache-2.0")
        .identifier(Some("MIT OR Apache-2.0"))
        .build();
    let info = InfoBuilder::new()
        .title("Understudy")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license))
        .build();
    let tags =
        TAGS.map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags))
        .components(Some(components()))
        // What a handler does not say otherwise: either credential of the management API.
        .security(Some(
            ["access_token", "api_key"]
                .map(|name| SecurityRequirement::new(name, Vec::<String>::new())),
        ))
        .build()
}

fn components() -> Components {
    let bearer = |description: &str, format: Option<&str>| {
        let mut scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(description));
        if let Some(format) = format {
            scheme = scheme.bearer_format(format);
        }
        SecurityScheme::Http(scheme.build())
    };
    let refresh = ApiKeyValue::with_description(
        cookie::NAME,
        "The refresh token, together with an `Origin` of this site",
    );
    let mut components = Components::new();
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    let mut add = |name: &str, scheme| components.add_security_scheme(name, scheme);
    add(
        "access_token",
        bearer("Access token of a session, for 15 minutes", Some("JWT")),
    );
    add(
        "api_key",
        bearer(
            "API key with the scope `groups:read`, `manage:read` or `manage:write`",
            Some("us-…"),
        ),
    );
    add(
        "gateway_key",
        bearer("API key with the scope `gateway`", Some("us-…")),
    );
    add(
        "metrics_token",
        bearer("The token of `UNDERSTUDY_METRICS_TOKEN`", None),
    );
    add(
        "refresh_cookie",
        SecurityScheme::ApiKey(ApiKey::Cookie(refresh)),
    );
    components
}

/// The whole document, made without a database.
pub fn document() -> OpenApi {
    let (_, mut document) = App::new()
        .into_utoipa_app()
        .openapi(base())
        .configure(|table| routes::configure(table))
        .split_for_parts();
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/api/v1/") {
            complete(path, item);
        }
    }
    document
}

fn complete(path: &str, item: &mut PathItem) {
    let methods = [
        (HttpMethod::Get, &mut item.get),
        (HttpMethod::Post, &mut item.post),
        (HttpMethod::Patch, &mut item.patch),
        (HttpMethod::Delete, &mut item.delete),
    ];
    for (method, operation) in methods {
        if let Some(operation) = operation {
            for (status, text) in failures(path, &method, operation) {
                let failure = || problem(text).into();
                operation
                    .responses
                    .responses
                    .entry(status.to_owned())
                    .or_insert_with(failure);
            }
        }
    }
}

/// What can go wrong with an operation by the conventions of the API.
fn failures(
    path: &str,
    method: &HttpMethod,
    operation: &Operation,
) -> Vec<(&'static str, &'static str)> {
    let named = |parameter: &RefOr<Parameter>, name: &str| matches!(parameter, RefOr::T(parameter) if parameter.name == name);
    let parameter = |name: &str| {
        operation
            .parameters
            .iter()
            .flatten()
            .any(|parameter| named(parameter, name))
    };
    let mut failures = Vec::new();
    if !is_open(operation) {
        failures.push((
            "401",
            "No credential, or one that is not valid (`unauthenticated`)",
        ));
        failures.push((
            "403",
            "The credential does not have this right (`forbidden`)",
        ));
    }
    if *method == HttpMethod::Get && parameter("limit") {
        failures.push((
            "400",
            "A parameter is unknown or has a bad value (`invalid_parameter`)",
        ));
    }
    if path.contains("{id}") {
        failures.push((
            "404",
            "No such resource, or not for this caller (`not_found`)",
        ));
    }
    if operation.request_body.is_some() {
        failures.push(("400", "The body is not JSON (`invalid_json`)"));
        failures.push(("408", "The body did not arrive in time (`request_timeout`)"));
        failures.push(("413", "The body is larger than 256 KiB (`body_too_large`)"));
        failures.push((
            "415",
            "The content type is another one (`unsupported_media_type`)",
        ));
        failures.push((
            "422",
            "Fields are at fault; `errors` points to each (`validation_failed`, `unknown_field`, `egress_denied`, `secrets_required`)",
        ));
    }
    if parameter("if-match") {
        failures.push((
            "412",
            "Somebody changed the resource in between (`precondition_failed`)",
        ));
        failures.push(("428", "`If-Match` is missing (`precondition_required`)"));
    }
    if path != "/api/v1/openapi.json" {
        failures.push(("500", "A fault of the service (`internal`)"));
        failures.push(("503", "The database cannot be reached (`unavailable`)"));
    }
    failures
}

/// Whether an operation needs no credential.
fn is_open(operation: &Operation) -> bool {
    let needs_none =
        |requirement: &SecurityRequirement| *requirement == SecurityRequirement::default();
    operation
        .security
        .as_ref()
        .is_some_and(|security| security.iter().any(needs_none))
}

fn problem(text: &str) -> Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(Problem::name())))
        .build();
    ResponseBuilder::new()
        .description(text)
        .content(PROBLEM_JSON, content)
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn operations() -> Vec<(String, Operation)> {
        let paths = document().paths.paths;
        let each = |(path, item): (String, PathItem)| {
            let all = [item.get, item.post, item.put, item.patch, item.delete];
            all.into_iter()
                .flatten()
                .map(move |operation| (path.clone(), operation))
        };
        paths.into_iter().flat_map(each).collect()
    }

    #[test]
    fn every_operation_has_an_id_a_summary_and_a_known_tag() {
        let mut ids = HashSet::new();
        for (path, operation) in operations() {
            let id = operation.operation_id.unwrap();
            assert!(ids.insert(id.clone()), "{id} is there twice");
            assert!(
                operation.summary.is_some_and(|text| !text.is_empty()),
                "{path}"
            );
            for tag in operation.tags.unwrap() {
                assert!(TAGS.iter().any(|(known, _)| *known == tag), "{path}: {tag}");
            }
        }
        assert!(ids.contains("list_model_groups") && ids.contains("create_chat_completion"));
    }

    #[test]
    fn every_management_operation_describes_the_failures_of_its_credential() {
        for (path, operation) in operations()
            .into_iter()
            .filter(|(path, _)| path.starts_with("/api/v1/"))
        {
            let has = |status: &str| operation.responses.responses.contains_key(status);
            assert!(is_open(&operation) || (has("401") && has("403")), "{path}");
            assert!(!path.contains("{id}") || has("404"), "{path}");
            assert!(
                operation.request_body.is_none() || (has("413") && has("415") && has("422")),
                "{path}"
            );
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let json = document().to_json().unwrap();
        let document: serde_json::Value = serde_json::from_str(&json).unwrap();
        for reference in json.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }
}
