//! The service, as the pages see it: one typed method for each call they make. The only HTTP code of the application.
//!
//! The rule for credentials: the access token rides on every call but the ones that open a session. A 401 to it refreshes the session
//! once and repeats the call, so a session that ran out in the middle goes unnoticed; a token known to be over is renewed first. Refresh tokens are single-use and using one
//! twice ends the session, so refreshes never overlap: calls of this page share one, and tabs take turns.

mod error;
mod transport;

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, Shared};
use leptos::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use understudy_shared as wire;

pub use error::ApiError;
use transport::{Answer, Request};

use crate::browser;
use crate::session::Session;

type Refresh = Shared<LocalBoxFuture<'static, Result<(), ApiError>>>;

/// The client. Cheap to copy; everybody shares one session and one running refresh.
#[derive(Clone, Copy)]
pub struct Api {
    session: Session,
    refreshing: StoredValue<Option<Refresh>, LocalStorage>,
}

impl Api {
    /// A client that keeps its credential in `session`.
    pub fn new(session: Session) -> Self {
        Self {
            session,
            refreshing: StoredValue::new_local(None),
        }
    }

    /// Whether the first administrator is still to be made.
    pub async fn get_setup(self) -> Result<wire::SetupState, ApiError> {
        let request = get("/api/v1/setup");
        transport::send(&request, None).await?.read()
    }

    /// Makes the first administrator and opens their session.
    pub async fn set_up(self, body: &wire::SetupRequest) -> Result<(), ApiError> {
        self.open("/api/v1/setup", body).await
    }

    /// Opens a session.
    pub async fn log_in(self, body: &wire::LoginRequest) -> Result<(), ApiError> {
        self.open("/api/v1/auth/login", body).await
    }

    /// Ends the session, here and on the service.
    pub async fn log_out(self) -> Result<(), ApiError> {
        let request = Request {
            method: "POST",
            path: "/api/v1/auth/logout".to_owned(),
            body: None,
        };
        match self.send(request).await?.succeeded() {
            // A session that is over already is what was wanted.
            Err(error) if !error.is_unauthenticated() => Err(error),
            _ => {
                self.session.close();
                Ok(())
            }
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

    /// The groups, in the order of their names.
    pub async fn list_model_groups(self) -> Result<wire::Page<wire::ModelGroup>, ApiError> {
        self.list("model-groups").await
    }

    /// The instances, in the order of their names.
    pub async fn list_model_instances(self) -> Result<wire::Page<wire::ModelInstance>, ApiError> {
        self.list("model-instances").await
    }

    async fn list<T: DeserializeOwned>(self, resource: &str) -> Result<wire::Page<T>, ApiError> {
        let limit = wire::MAX_LIMIT;
        let request = get(format!("/api/v1/{resource}?limit={limit}&sort=name"));
        self.send(request).await?.read()
    }

    async fn open(self, path: &str, body: &impl Serialize) -> Result<(), ApiError> {
        let request = post(path, body)?;
        let session = transport::send(&request, None).await?.read()?;
        self.session.open(session);
        Ok(())
    }

    /// Sends a request with the session's credential.
    async fn send(self, request: Request) -> Result<Answer, ApiError> {
        if self.session.is_due() {
            self.refresh().await?;
        }
        let token = self.session.token();
        let answer = transport::send(&request, token.as_deref()).await?;
        if !answer.is_unauthenticated() {
            return Ok(answer);
        }
        // Another call may have refreshed meanwhile; its token is as good as one of our own.
        if self.session.token() == token {
            self.refresh().await?;
        }
        transport::send(&request, self.session.token().as_deref()).await
    }

    /// Renews the session, or joins the renewal that is under way.
    async fn refresh(self) -> Result<(), ApiError> {
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
            let request = Request {
                method: "POST",
                path: "/api/v1/auth/refresh".to_owned(),
                body: None,
            };
            let answer = transport::send(&request, None).await;
            *to.borrow_mut() = answer.and_then(|answer| answer.read::<wire::Session>());
        })
        .await;
        self.refreshing.set_value(None);
        match result.replace(Err(ApiError::NoAnswer)) {
            Ok(session) => {
                self.session.open(session);
                Ok(())
            }
            Err(error) => {
                if error.is_unauthenticated() {
                    self.session.close();
                }
                Err(error)
            }
        }
    }
}

/// The client of this application.
pub fn use_api() -> Api {
    expect_context::<Api>()
}

fn get(path: impl Into<String>) -> Request {
    Request {
        method: "GET",
        path: path.into(),
        body: None,
    }
}

fn post(path: &str, body: &impl Serialize) -> Result<Request, ApiError> {
    let body = serde_json::to_string(body).map_err(|_| ApiError::Unreadable { status: 0 })?;
    Ok(Request {
        method: "POST",
        path: path.to_owned(),
        body: Some(body),
    })
}
