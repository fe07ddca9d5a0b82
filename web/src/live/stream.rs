//! The connection behind the live events: opened, watched, and opened again.

use std::time::Duration;

use futures_util::future::{Either, select};
use leptos::prelude::*;
use understudy_shared::LiveEvent;

use super::{Connection, Live};
use crate::api::{Api, ApiError, EventStream};
use crate::browser;
use crate::pause::back_off;
use crate::sse::SseEvent;

/// Until the service says otherwise.
pub const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The service sends something every 15 s. After three times of silence the connection is dead, whatever the browser thinks.
const LONGEST_SILENCE: Duration = Duration::from_secs(45);
/// A page that nobody has looked at for so long gives its connection back: browsers have six for all their tabs.
const LONGEST_HIDDEN: Duration = Duration::from_secs(15);
/// A connection that lasted so long worked; the next one is tried at once.
const LASTED: Duration = Duration::from_secs(5);

/// How a connection ended.
enum End {
    /// The service ended it, as it does when the credential is over.
    Closed,
    /// Nobody looks.
    Hidden,
}

/// Keeps the stream open, for ever.
pub async fn keep_open(live: Live, api: Api) {
    let mut tries = 0;
    loop {
        let begun = browser::now();
        let end = listen(live, api).await;
        let lasted = (browser::now() - begun).to_std().unwrap_or_default() >= LASTED;
        if lasted {
            tries = 0;
        }
        match end {
            Ok(End::Hidden) => {
                live.connection.set(Connection::Connecting);
                while browser::is_hidden() {
                    live.pauses.until_woken().await;
                }
            }
            Ok(End::Closed) if lasted => live.connection.set(Connection::Connecting),
            Ok(End::Closed) | Err(_) => {
                live.connection.set(Connection::Down);
                let first = live.first_pause.get_value();
                let pause = back_off(tries, first, LONGEST_PAUSE, browser::random());
                tries += 1;
                live.pauses.sleep(pause).await;
            }
        }
    }
}

async fn listen(live: Live, api: Api) -> Result<End, ApiError> {
    let mut stream = api.live_events(live.last_id.get_value()).await?;
    live.connection.set(Connection::Connected);
    let mut hidden_since = None;
    live.heard_at.set(Some(browser::now()));
    while let Some(events) = next(&mut stream).await? {
        live.heard_at.set(Some(browser::now()));
        if let Some(pause) = stream.retry() {
            live.first_pause.set_value(pause);
        }
        for event in events {
            take(live, event);
        }
        // Heartbeats come often enough to look at the clock.
        hidden_since = match hidden_since {
            _ if !browser::is_hidden() => None,
            None => Some(browser::now()),
            Some(since) => {
                let hidden = browser::now() - since;
                if hidden.to_std().unwrap_or_default() >= LONGEST_HIDDEN {
                    return Ok(End::Hidden);
                }
                Some(since)
            }
        };
    }
    Ok(End::Closed)
}

/// What comes next, if it comes in time.
async fn next(stream: &mut EventStream) -> Result<Option<Vec<SseEvent>>, ApiError> {
    let next = Box::pin(stream.next());
    let silence = Box::pin(browser::sleep(LONGEST_SILENCE));
    match select(next, silence).await {
        Either::Left((next, _)) => next,
        Either::Right(_) => Err(ApiError::NoAnswer),
    }
}

fn take(live: Live, event: SseEvent) {
    // An event that cannot be read says that this page is older than the service. It is passed over like one of an unknown name.
    if let Ok(Some(event)) = LiveEvent::read(&event.name, &event.data) {
        live.take(event);
    }
    // Only what was taken need not come again.
    if event.id.is_some() {
        live.last_id.set_value(event.id);
    }
}
