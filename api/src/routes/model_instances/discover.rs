//! Servers of models on the service's own machine, found when somebody asks.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use tokio::sync::Semaphore;
use understudy_shared::{Discovery, Problem};

use crate::auth::{Caller, ManageWrite};
use crate::error::ApiError;
use crate::gateway::discovery::{self, Place};
use crate::state::AppState;

/// Searches at a time: each of them opens a connection to every place.
const AT_ONCE: usize = 2;

/// Where is looked for servers of models, and who is looking.
#[derive(Debug)]
pub struct Discoveries {
    places: Vec<Place>,
    under_way: Semaphore,
}

impl Discoveries {
    /// Of these places.
    pub fn at(places: Vec<Place>) -> Arc<Self> {
        Arc::new(Self {
            places,
            under_way: Semaphore::new(AT_ONCE),
        })
    }
}

/// Find local servers of models
///
/// Asks the usual ports of the service's own machine (or what `UNDERSTUDY_DISCOVER` names) whether a server of models listens there, without any
/// credential, under the egress policy, all at once and within three seconds. Each one that speaks the OpenAI protocol is told as an instance would
/// reach it. Nothing is stored. Two searches at a time.
#[utoipa::path(
    tag = "model-instances",
    responses(
        (status = 200, description = "What was found, and where was looked", body = Discovery),
        (status = 429, description = "Two searches are under way", body = Problem, content_type = "application/problem+json"),
    ),
)]
#[post("/api/v1/model-instances/discover")]
pub async fn discover_model_instances(
    state: web::Data<AppState>,
    caller: Caller<ManageWrite>,
) -> Result<HttpResponse, ApiError> {
    let discoveries = &state.discoveries;
    let _under_way = discoveries.under_way.try_acquire().map_err(|_| {
        ApiError::rate_limited("Two searches are under way; wait until one has ended.", 3)
    })?;
    let (egress, snapshot) = (state.gateway.egress(), state.gateway.snapshot());
    let found = discovery::discover(&discoveries.places, egress, &snapshot).await;
    tracing::info!(
        by = caller.0.name(),
        places = found.probes.len(),
        found = found.servers.len(),
        duration_ms = found.duration_ms,
        "looked for local servers of models"
    );
    Ok(HttpResponse::Ok().json(found))
}
