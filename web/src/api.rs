//! The service, as the pages see it: one typed method for each call they make. The only HTTP code of the application.
//!
//! The rule for credentials: the access token rides on every call but the ones that open a session. A 401 to it refreshes the session
//! once and repeats the call, so a session that ran out in the middle goes unnoticed; a token known to be over is renewed first. Refresh tokens are single-use and using one
//! twice ends the session, so refreshes never overlap: calls of this page share one, and tabs take turns.
//!
//! A session that cannot be renewed is no failure of the call yet: it waits until the person has signed in again, and is repeated then.

mod api_keys;
mod assistants;
mod audit_log;
mod config_file;
mod dialogs;
mod error;
mod events;
mod host;
mod model_groups;
mod model_instances;
mod sessions;
mod settings;
mod transport;
mod usage;
mod users;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use understudy_shared as wire;

pub use error::ApiError;
pub use events::EventStream;
use transport::{Answer, Chunks, Request};

use crate::browser;
use crate::network::Network;
use crate::session::{Ended, Session};

type Refresh = Shared<LocalBoxFuture<'static, Result<(), ApiError>>>;

/// The client. Cheap to copy; everybody shares one session and one running refresh.
#[derive(Clone, Copy)]
pub struct Api {
    session: Session,
    network: Network,
    refreshing: StoredValue<Option<Refresh>, LocalStorage>,
}

impl Api {
    /// A client that keeps its credential in `session` and tells `network` whether there are answers.
    pub fn new(session: Session, network: Network) -> Self {
        Self {
            session,
            network,
            refreshing: StoredValue::new_local(None),
        }
    }

    /// Takes up the session that the browser's cookie stands for, if there is one.
    pub async fn restore_session(self) {
        if !Session::may_be_restored() {
            return self.session.close();
        }
        if let Err(error) = self.refresh().await
            && !error.is_unauthenticated()
        {
            self.session.set_unreachable(error);
        }
    }

    /// Takes up the session that another tab has opened meanwhile, for a page whose own is over or that has none.
    pub async fn follow_other_tab(self) {
        if !self.session.is_usable_untracked() {
            // If it does not work, whoever sits here can still sign in.
            let _ = self.join_refresh().await;
        }
    }

    /// Whether the service answers at all.
    pub async fn is_reached(self) -> bool {
        let request = Request::get("/api/v1/setup").within(Duration::from_secs(10));
        !is_silence(&transport::send(&request, None).await)
    }

    /// Reads a resource or a list.
    async fn get<T: DeserializeOwned>(self, path: impl Into<String>) -> Result<T, ApiError> {
        self.send(Request::get(path)).await?.read()
    }

    /// Reads a list whole, page by page, in the order of `sort`.
    async fn all<T: DeserializeOwned>(self, path: &str, sort: &str) -> Result<Vec<T>, ApiError> {
        let mut all = Vec::new();
        loop {
            let (limit, offset) = (wire::MAX_LIMIT, all.len());
            let query = format!("limit={limit}&offset={offset}&sort={sort}");
            let page: wire::Page<T> = self.get(format!("{path}?{query}")).await?;
            let done = page.items.is_empty();
            all.extend(page.items);
            if done || u64::try_from(all.len()).unwrap_or(u64::MAX) >= page.total {
                return Ok(all);
            }
        }
    }

    /// Sends `body` and reads what comes back.
    async fn post<T: DeserializeOwned>(
        self,
        path: impl Into<String>,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        self.send(Request::new("POST", path).json(body)?)
            .await?
            .read()
    }

    /// Changes a resource of which the caller has seen `version`.
    async fn patch<T: DeserializeOwned>(
        self,
        path: impl Into<String>,
        version: i64,
        body: &impl Serialize,
    ) -> Result<T, ApiError> {
        let request = Request::new("PATCH", path).if_version(version);
        self.send(request.json(body)?).await?.read()
    }

    /// Sets `enabled` alone, of whatever version the resource is: it changes nothing that somebody else could be changing.
    async fn enable<T: DeserializeOwned>(self, path: String, enabled: bool) -> Result<T, ApiError> {
        let body = serde_json::json!({ "enabled": enabled });
        let request = Request::new("PATCH", path).if_any_version();
        self.send(request.json(&body)?).await?.read()
    }

    /// Deletes a resource of which the caller has seen `version`.
    async fn delete(self, path: impl Into<String>, version: i64) -> Result<(), ApiError> {
        let request = Request::new("DELETE", path).if_version(version);
        self.send(request).await?.succeeded()
    }

    /// Sends a request with the session's credential.
    async fn send(self, request: Request) -> Result<Answer, ApiError> {
        let token = self.usable_token().await?;
        let answer = self.exchange(&request, token.as_deref()).await?;
        if !answer.is_unauthenticated() {
            return Ok(answer);
        }
        let token = self.newer_token(token).await?;
        self.exchange(&request, token.as_deref()).await
    }

    /// One request and its answer, which shows as well how the network is.
    async fn exchange(self, request: &Request, token: Option<&str>) -> Result<Answer, ApiError> {
        let answer = transport::send(request, token).await;
        if is_silence(&answer) {
            self.network.note_silence();
        } else {
            self.network.note_answer();
        }
        answer
    }

    /// As [`Self::send`], for an answer that comes piece by piece.
    async fn stream(self, request: Request) -> Result<Chunks, ApiError> {
        let token = self.usable_token().await?;
        let answer = match self.begin(&request, token.as_deref()).await? {
            Err(answer) if answer.is_unauthenticated() => {
                let token = self.newer_token(token).await?;
                self.begin(&request, token.as_deref()).await?
            }
            answer => answer,
        };
        match answer {
            Ok(chunks) => Ok(chunks),
            Err(answer) => Err(answer.succeeded().err().unwrap_or(ApiError::NoAnswer)),
        }
    }

    async fn begin(
        self,
        request: &Request,
        token: Option<&str>,
    ) -> Result<Result<Chunks, Answer>, ApiError> {
        let begun = transport::stream(request, token).await;
        if begun.is_err() {
            self.network.note_silence();
        }
        begun
    }

    async fn usable_token(self) -> Result<Option<String>, ApiError> {
        if self.session.is_due() {
            self.refresh().await?;
        }
        Ok(self.session.token())
    }

    /// A token in place of one that was refused.
    async fn newer_token(self, refused: Option<String>) -> Result<Option<String>, ApiError> {
        // Another call may have refreshed meanwhile; its token is as good as one of our own.
        if self.session.token() == refused {
            self.refresh().await?;
        }
        Ok(self.session.token())
    }

    /// Renews the session, if need be by asking the person to sign in again.
    async fn refresh(self) -> Result<(), ApiError> {
        let renewed = if self.session.is_ended() {
            Err(ApiError::SignedOut)
        } else {
            self.join_refresh().await
        };
        if renewed.is_err() && self.session.is_ended() {
            let returned = self.session.returned().await;
            return returned.then_some(()).ok_or(ApiError::SignedOut);
        }
        renewed
    }

    /// Renews the session, or joins the renewal that is under way.
    async fn join_refresh(self) -> Result<(), ApiError> {
        let running = self.refreshing.get_value();
        let refresh = running.unwrap_or_else(|| {
            let refresh = self.refresh_once().boxed_local().shared();
            self.refreshing.set_value(Some(refresh.clone()));
            // It must come to its end even when the page that wanted it is left: the cookie is spent.
            leptos::task::spawn_local(refresh.clone().map(drop));
            refresh
        });
        refresh.await
    }

    async fn refresh_once(self) -> Result<(), ApiError> {
        let result = Rc::new(RefCell::new(Err(ApiError::NoAnswer)));
        let to = Rc::clone(&result);
        browser::exclusively("understudy.refresh", async move {
            let request = Request::new("POST", "/api/v1/auth/refresh");
            let answer = self.exchange(&request, None).await;
            *to.borrow_mut() = answer.and_then(|answer| answer.read::<wire::Session>());
        })
        .await;
        self.refreshing.set_value(None);
        match result.replace(Err(ApiError::NoAnswer)) {
            Ok(session) => {
                let opened = self.session.open(session);
                opened.then_some(()).ok_or(ApiError::SignedOut)
            }
            Err(error) => {
                if error.is_unauthenticated() {
                    self.session.end(Ended::RanOut);
                }
                Err(error)
            }
        }
    }
}

/// Whether nobody answered, or only something that stands before the service and does not reach it either.
fn is_silence(answer: &Result<Answer, ApiError>) -> bool {
    match answer {
        Ok(answer) => answer.is_of_a_gateway(),
        Err(_) => true,
    }
}

/// The client of this application.
pub fn use_api() -> Api {
    expect_context::<Api>()
}
