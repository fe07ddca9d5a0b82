//! The description of the API, for programs and for people.

use std::sync::OnceLock;

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::{HttpResponse, get, web};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::aside;
use crate::auth::Anybody;
use crate::error::ApiError;
use crate::openapi;

const DOCUMENT: &str = "/api/v1/openapi.json";

static JSON: OnceLock<String> = OnceLock::new();

/// Describe the API
///
/// This document: OpenAPI 3.1.
#[utoipa::path(
    tag = "description",
    security(()),
    responses((status = 200, description = "The OpenAPI document", body = Object)),
)]
#[get("/api/v1/openapi.json")]
pub async fn get_openapi(_: Anybody) -> Result<HttpResponse, ApiError> {
    let json = match JSON.get() {
        Some(json) => json,
        None => {
            let json = aside::wait_for(|| openapi::document().to_json());
            let json = json.map_err(ApiError::internal)?;
            JSON.get_or_init(|| json)
        }
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .body(json.as_str()))
}

/// What the pages may load: their own files alone. The viewer writes styles into its elements.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

/// The pages for people; they load nothing from elsewhere.
pub fn configure(config: &mut web::ServiceConfig) {
    let ui = Config::from(DOCUMENT)
        .validator_url("none")
        .display_operation_id(true)
        .doc_expansion("none");
    let headers = DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, POLICY))
        .add((header::REFERRER_POLICY, "no-referrer"));
    let pages = web::scope("/docs")
        .wrap(headers)
        .route("", web::get().to(to_pages))
        .service(SwaggerUi::new("/{_:.*}").config(ui));
    config.service(pages);
}

/// The pages' files are found relative to their folder.
async fn to_pages() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}
