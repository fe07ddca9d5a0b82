//! Whether the process lives, and whether it wants requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, get, web};
use serde_json::json;

use crate::routes::RouteTable;

/// Whether the service takes requests: until it is told to stop.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From now on nobody should send requests here.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether requests are welcome.
    pub fn is_ready(&self) -> bool {
        !self.0.load(Ordering::Acquire)
    }
}

/// Say that the process lives
///
/// Answers as long as the process can answer at all; for the orchestrator that restarts it.
#[utoipa::path(tag = "health", security(()), responses((status = 200, description = "It lives")))]
#[get("/healthz/live")]
pub async fn get_liveness() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "live"}))
}

/// Say whether requests are welcome
///
/// True from the first configuration until the service is told to stop. A database that is away does not change it: the
/// gateway answers without one.
#[utoipa::path(
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Requests are welcome"),
        (status = 503, description = "The service is stopping"),
    ),
)]
#[get("/healthz/ready")]
pub async fn get_readiness(readiness: web::Data<Readiness>) -> HttpResponse {
    if readiness.is_ready() {
        HttpResponse::Ok().json(json!({"status": "ready"}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"status": "stopping"}))
    }
}

/// The routes of health.
pub fn configure(table: &mut impl RouteTable) {
    table.service(get_liveness).service(get_readiness);
}
