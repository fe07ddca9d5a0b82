//! What happens around every request: its id, the rendering of failures, headers that every answer has, one log line; and nothing
//! goes out of the management API that nobody was permitted to have.

use std::time::Instant;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};

use super::cors::Guest;
use crate::auth::caller::is_admitted;
use crate::error::ApiError;
use crate::request_id;
use crate::state::AppState;

/// Where the management API is.
const MANAGEMENT: &str = "/api/v1/";

/// Wraps every request.
///
/// # Errors
/// Those of the service inside, which has rendered its own already.
pub async fn around<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let id = request_id::assign(&request);
    let started = Instant::now();
    let guest = Guest::of(&request);
    let mut response = match guest.as_ref().and_then(Guest::preflight) {
        Some(answer) => request.into_response(answer).map_into_right_body(),
        None => answer(request, next, &id).await?,
    };
    if let Some(guest) = guest {
        guest.welcome(response.headers_mut());
    }
    let is_management = response.request().path().starts_with(MANAGEMENT);
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.clone());
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if is_management && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if is_change(&response) {
        wait_for_the_gateway(&response).await;
    }
    log(&response, &id, started);
    Ok(response)
}

/// The answer of the handlers, if somebody was permitted to have it.
async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    id: &HeaderValue,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let response = render(next.call(request).await?, id);
    Ok(if is_unguarded(&response) {
        hold_back(response, id)
    } else {
        response
    })
}

/// A failure of the management API gets its path and id, which only this place knows.
fn render<B: MessageBody>(
    response: ServiceResponse<B>,
    id: &HeaderValue,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let id = id.to_str().unwrap_or_default();
    let rendered = response
        .response()
        .error()
        .and_then(|error| error.as_error::<ApiError>())
        .map(|error| error.render(response.request().path(), id));
    match rendered {
        Some(rendered) => response.into_response(rendered).map_into_right_body(),
        None => response.map_into_left_body(),
    }
}

/// Whether a handler of the management API answers without having asked who may have the answer.
fn is_unguarded<B>(response: &ServiceResponse<B>) -> bool {
    let request = response.request();
    request.path().starts_with(MANAGEMENT)
        && !response.status().is_client_error()
        && !response.status().is_server_error()
        && !is_admitted(request)
}

/// A mistake of ours, which must not give anything away.
fn hold_back<B: MessageBody>(
    response: ServiceResponse<EitherBody<B, BoxBody>>,
    id: &HeaderValue,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let error = ApiError::internal("the handler names no permission");
    let rendered = error.render(response.request().path(), id.to_str().unwrap_or_default());
    response.into_response(rendered.map_into_right_body())
}

/// Whether a management request has changed something that the gateway works with.
fn is_change<B>(response: &ServiceResponse<B>) -> bool {
    let request = response.request();
    let changes = matches!(
        *request.method(),
        Method::POST | Method::PATCH | Method::PUT | Method::DELETE
    );
    let path = request.path();
    changes
        && response.status().is_success()
        && path.starts_with(MANAGEMENT)
        && !path.starts_with("/api/v1/auth/")
        // The gateway knows no dialogs.
        && !path.starts_with("/api/v1/dialogs")
        && !["/check", "/preview", "/try"]
            .iter()
            .any(|action| path.ends_with(action))
}

/// Who has changed something can use it at once.
async fn wait_for_the_gateway<B>(response: &ServiceResponse<B>) {
    if let Some(state) = response.request().app_data::<web::Data<AppState>>() {
        state.gateway.refreshed().await;
    }
}

fn log<B>(response: &ServiceResponse<B>, id: &HeaderValue, started: Instant) {
    let request = response.request();
    tracing::debug!(
        request_id = id.to_str().unwrap_or_default(),
        method = %request.method(),
        path = request.path(),
        status = response.status().as_u16(),
        duration_ms = started.elapsed().as_millis(),
        "answered a request"
    );
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, HttpResponse};

    use super::*;
    use crate::auth::Anybody;

    #[actix_web::test]
    async fn an_answer_of_a_handler_without_a_permission_goes_to_nobody() {
        let forgetful = async || HttpResponse::Ok().body("for somebody");
        let open = async |_: Anybody| HttpResponse::Ok().body("for everybody");
        let app = App::new()
            .route("/api/v1/forgetful", web::get().to(forgetful))
            .route("/api/v1/open", web::get().to(open))
            .wrap(from_fn(around));
        let app = init_service(app).await;
        let get = |path: &str| TestRequest::get().uri(path).to_request();
        let answer = call_service(&app, get("/api/v1/forgetful")).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = read_body(answer).await;
        assert!(!body.windows(8).any(|part| part == b"somebody"), "{body:?}");
        let answer = call_service(&app, get("/api/v1/open")).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
