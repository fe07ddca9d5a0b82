//! The extractors that let only the permitted through.
//!
//! The rule: whoever is let through is noted down with the request, and an answer to a request without that note is held back
//! ([`is_admitted`]). So a handler that names no permission in its signature answers nobody, not everybody.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use understudy_shared::ProblemCode;

use super::denials;
use super::permission::Permission;
use super::principal::authenticate;
use crate::error::ApiError;
use crate::state::AppState;

/// A caller who has the right `P`. Without a valid credential the answer is 401, without the right 403.
pub struct Caller<P: Permission>(pub P::Who);

/// A caller who has the right `P`, and what the request says. The rest of the request is not read before the caller is known
/// to be permitted: strangers learn nothing from its faults and cannot make the service read their bodies.
pub struct Permitted<P: Permission, I>(pub P::Who, pub I);

/// Anybody at all: for what everybody may know, and for what brings a proof of its own, such as a password or the session's cookie.
pub struct Anybody;

/// The note that somebody was let through.
struct Admitted;

/// Whether a handler has asked for a permission, and it was given.
pub fn is_admitted(request: &HttpRequest) -> bool {
    request.extensions().contains::<Admitted>()
}

fn note(request: &HttpRequest) {
    request.extensions_mut().insert(Admitted);
}

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

impl<P: Permission> FromRequest for Caller<P> {
    type Error = actix_web::Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(admit::<P>(&request).await?)) })
    }
}

impl<P: Permission, I: FromRequest + 'static> FromRequest for Permitted<P, I> {
    type Error = actix_web::Error;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let mut payload = payload.take();
        Box::pin(async move {
            let who = admit::<P>(&request).await?;
            let input = I::from_request(&request, &mut payload)
                .await
                .map_err(Into::into)?;
            Ok(Self(who, input))
        })
    }
}

impl FromRequest for Anybody {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, actix_web::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        note(request);
        ready(Ok(Self))
    }
}

async fn admit<P: Permission>(request: &HttpRequest) -> Result<P::Who, ApiError> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .ok_or_else(|| ApiError::internal("the application has no state"))?;
    let principal = authenticate(request, state).await?;
    if let Some(who) = P::admit(principal.clone()) {
        note(request);
        return Ok(who);
    }
    denials::record(request, state, &principal).await;
    let detail = format!("This needs {}.", P::NEEDS);
    Err(ApiError::new(ProblemCode::Forbidden, detail))
}
