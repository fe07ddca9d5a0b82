//! `GET /api/v1/events`: what changes, as it changes.

use std::future::{Ready, ready};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse, get, web};
use understudy_shared::{LiveEvent, Problem};

use crate::auth::{Permitted, ReadGroups};
use crate::error::ApiError;
use crate::events::feed::HEARTBEAT;
use crate::events::{Feed, Refusal, STREAMS_PER_CALLER, Sight};
use crate::routes::answer;
use crate::state::AppState;

/// How long a client waits for the first look at everything.
const FIRST_LOOK: Duration = Duration::from_secs(5);

/// The header `Last-Event-ID`. Whatever is in it, no client is refused for it.
pub struct LastEventId(Option<Vec<u8>>);

impl FromRequest for LastEventId {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let value = request.headers().get("last-event-id");
        ready(Ok(Self(value.map(|id| id.as_bytes().to_vec()))))
    }
}

/// Follow what changes
///
/// Server-sent events: `instance.status` and `group.status` when what is known of one changes, `config.changed` when somebody
/// makes, changes or removes an instance, a group, an assistant or a key. The schema shows `event` and `data` of each as one object. Numbers
/// that every request changes (`checked_at`, `latency_ms`, `in_flight`) are told every 5 seconds at most.
///
/// Each event has an `id`. Who connects again with `Last-Event-ID` gets what was missed, once. Without the header, or if it is of
/// another replica or too old, the stream begins with `reset`: fetch again what you show. A comment comes every 15 seconds.
///
/// The stream ends when the credential does: an access token after 15 minutes, a session that is over, a key that is revoked, and
/// whenever the rights change. Get a new token and connect again. With the role `user` or the scope `groups:read` one sees
/// `group.status` and `config.changed` of groups and shared assistants. A private assistant is its owner's: nobody else hears of it.
#[utoipa::path(
    tag = "events",
    params(
        ("last-event-id" = Option<String>, Header, description = "Id of the last event that was received"),
    ),
    responses(
        (status = 200, description = "The stream", body = LiveEvent, content_type = "text/event-stream"),
        (status = 429, description = "The caller has 20 streams open (`rate_limited`)", body = Problem, content_type = "application/problem+json", headers(
            ("retry-after" = u64, description = "Seconds"),
        )),
    ),
)]
#[get("/api/v1/events")]
pub async fn stream_events(
    state: web::Data<AppState>,
    call: Permitted<ReadGroups, LastEventId>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(who, LastEventId(last)) = call;
    let hub = &state.events;
    let sight = Sight::of(&who).ok_or_else(|| ApiError::internal("a listener without a right"))?;
    let ticket = hub.open(&who, sight).map_err(refused)?;
    tokio::time::timeout(FIRST_LOOK, hub.awake())
        .await
        .map_err(|_| ApiError::unavailable("the first look at everything takes too long"))?;
    let start = hub.start(last.as_deref());
    let feed = Feed::new(ticket, start, who.until(), HEARTBEAT);
    let mut response = HttpResponse::Ok();
    // The connection ends with the stream: a service that is going down waits for no idle one.
    response.force_close();
    Ok(answer::events(response, feed.into_stream()))
}

fn refused(refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::TooMany => ApiError::rate_limited(
            format!("You have {STREAMS_PER_CALLER} streams of events open; close one."),
            5,
        ),
        Refusal::Stopping => ApiError::stopping(),
    }
}
