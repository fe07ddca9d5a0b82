//! What answers where no route does: 404, or 405 where the path has other methods, in the form of the surface that was asked.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use actix_web::dev::ResourceDef;
use actix_web::{HttpRequest, HttpResponse};
use utoipa::openapi::path::PathItem;

use crate::error::ApiError;
use crate::server::web_root::WebRoot;
use crate::{aside, gateway, openapi};

/// A documented path and its methods.
struct Known {
    resource: ResourceDef,
    has_parameters: bool,
    methods: BTreeSet<&'static str>,
}

static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();

/// Answers what no route answers.
///
/// # Errors
/// Always under `/api`: as a problem.
pub async fn fallback(request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let path = request.path();
    let allow = allowed_methods(path);
    let inside = |prefix: &str| {
        path == prefix
            || path
                .strip_prefix(prefix)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if inside("/v1") {
        return Ok(match allow {
            Some(allow) => gateway::error::method_not_allowed(&allow),
            None => gateway::error::not_found(path),
        });
    }
    if let Some(allow) = allow {
        return Err(ApiError::method_not_allowed(allow));
    }
    let root = request.app_data::<WebRoot>().filter(|_| !inside("/api"));
    match root.and_then(|root| root.serve(&request)) {
        Some(page) => Ok(page),
        None => Err(ApiError::not_found("resource with this path")),
    }
}

/// The methods of a path, as `Allow` has them. None if no path like this is documented.
fn allowed_methods(path: &str) -> Option<String> {
    let known = KNOWN.get_or_init(|| aside::wait_for(known));
    let matching: Vec<&Known> = known
        .iter()
        .filter(|known| known.resource.is_match(path))
        .collect();
    // `/model-instances/check` is an instance's path by its form, but it has a meaning of its own.
    let literal = matching.iter().find(|known| !known.has_parameters);
    let methods = &literal.or(matching.first())?.methods;
    Some(join(methods))
}

/// The methods of a path that is described as it stands, without parameters.
pub(super) fn methods_of_literal(path: &str) -> Option<String> {
    let known = KNOWN.get_or_init(|| aside::wait_for(known));
    let literal = known
        .iter()
        .find(|known| !known.has_parameters && known.resource.is_match(path))?;
    Some(join(&literal.methods))
}

fn join(methods: &BTreeSet<&'static str>) -> String {
    methods.iter().copied().collect::<Vec<_>>().join(", ")
}

fn known() -> Vec<Known> {
    let paths = openapi::document().paths.paths;
    let known = |(path, item): (String, PathItem)| Known {
        has_parameters: path.contains('{'),
        resource: ResourceDef::new(path),
        methods: methods(&item),
    };
    paths.into_iter().map(known).collect()
}

fn methods(item: &PathItem) -> BTreeSet<&'static str> {
    let all = [
        ("GET", &item.get),
        ("POST", &item.post),
        ("PUT", &item.put),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter()
        .filter(|(_, operation)| operation.is_some())
        .map(|(method, _)| method)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_paths_say_their_methods() {
        let id = uuid::Uuid::nil();
        for (path, allow) in [
            ("/api/v1/model-instances", Some("GET, POST")),
            (
                format!("/api/v1/model-instances/{id}").as_str(),
                Some("DELETE, GET, PATCH"),
            ),
            ("/api/v1/model-instances/check", Some("POST")),
            ("/v1/chat/completions", Some("POST")),
            ("/api/v1/nonsense", None),
            ("/api/v1/model-instances/", None),
            ("/", None),
        ] {
            assert_eq!(allowed_methods(path).as_deref(), allow, "{path}");
        }
    }
}
