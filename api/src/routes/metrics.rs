//! `/metrics` on the main listener.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use understudy_shared::Problem;

use crate::auth::principal::bearer;
use crate::auth::{Caller, ManageRead, token_hash};
use crate::metrics::listener;
use crate::state::AppState;

/// Whoever may read the numbers: who has the token that is made for it, or may read all that an operator may read.
pub struct MayScrape;

impl FromRequest for MayScrape {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if has_token(request) {
            return Box::pin(std::future::ready(Ok(Self)));
        }
        let caller = Caller::<ManageRead>::from_request(request, payload);
        Box::pin(async move { caller.await.map(|_| Self) })
    }
}

/// Whether the request carries the token of `UNDERSTUDY_METRICS_TOKEN`. Both sides are hashed, so the time that the comparison takes says
/// nothing of the token.
fn has_token(request: &HttpRequest) -> bool {
    let state = request.app_data::<web::Data<AppState>>();
    let token = state.and_then(|state| state.metrics_token);
    match (token, bearer(request)) {
        (Some(token), Ok(sent)) => token_hash(sent) == token,
        _ => false,
    }
}

/// Read the metrics
///
/// Numbers of groups, instances and the process, for Prometheus: OpenMetrics 1.0 if `Accept` names it, the older text form otherwise.
/// Credential: the token of `UNDERSTUDY_METRICS_TOKEN`, or one of the management API with the right to read instances. On the listener of
/// `UNDERSTUDY_METRICS_LISTEN` no credential is needed.
#[utoipa::path(
    tag = "metrics",
    security(("metrics_token" = []), ("access_token" = []), ("api_key" = [])),
    responses(
        (status = 200, description = "The metrics", content(
            (String = "text/plain"),
            (String = "application/openmetrics-text"),
        )),
        (status = 401, description = "No credential, or one that is not valid (`unauthenticated`)", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The credential does not have this right (`forbidden`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database, which knows the credentials of the management API, cannot be reached (`unavailable`)", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[get("/metrics")]
pub async fn get_metrics(
    _: MayScrape,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> HttpResponse {
    listener::answer(&request, &state.metrics)
}
