//! Who does something, from where, and by which request: what the audit log says of every change.
//!
//! The rule: whatever changes something is given an [`Author`], through [`crate::db::Change`]. Their name is taken as it is at this
//! moment; nothing of it is looked up later.

use std::future::{Ready, ready};
use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use understudy_shared::AuditActorKind;
use uuid::Uuid;

use super::client;
use super::principal::{Person, Principal, Program};
use crate::db::users::UserRow;
use crate::error::ApiError;
use crate::request_id;
use crate::state::AppState;

/// Where a request comes from, and its id.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Address of the client.
    pub address: IpAddr,
    /// Id of the request.
    pub request_id: String,
}

/// Who does something.
#[derive(Clone, Debug)]
pub struct Actor {
    /// What they are.
    pub kind: AuditActorKind,
    /// Id of the user or the key.
    pub id: Option<Uuid>,
    /// Name of the user, the key or the command.
    pub name: Option<String>,
}

/// Who does something, and by which request.
#[derive(Clone, Debug)]
pub struct Author {
    /// Who.
    pub actor: Actor,
    /// By which request; none if it is not one.
    pub origin: Option<Origin>,
}

impl Origin {
    /// Reads it from a request.
    pub fn of(request: &HttpRequest, state: &AppState) -> Self {
        Self {
            address: client::address(request, &state.trusted_proxies),
            request_id: request_id::of(request),
        }
    }

    /// Somebody who is known.
    pub fn by(self, actor: impl Into<Actor>) -> Author {
        Author {
            actor: actor.into(),
            origin: Some(self),
        }
    }

    /// The service itself, because of this request.
    pub fn service(self) -> Author {
        Author {
            origin: Some(self),
            ..Author::service()
        }
    }

    /// Somebody who has not proved who they are.
    pub fn anonymous(self) -> Author {
        self.by(Actor {
            kind: AuditActorKind::Anonymous,
            id: None,
            name: None,
        })
    }
}

impl FromRequest for Origin {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<web::Data<AppState>>();
        let origin = state.map(|state| Self::of(request, state));
        ready(origin.ok_or_else(|| ApiError::internal("the application has no state")))
    }
}

impl Author {
    /// The service itself.
    pub fn service() -> Self {
        Self::local(AuditActorKind::Service, None)
    }

    /// Somebody at the command line who runs this command.
    pub fn command(name: &str) -> Self {
        Self::local(AuditActorKind::Command, Some(name.to_owned()))
    }

    fn local(kind: AuditActorKind, name: Option<String>) -> Self {
        Self {
            actor: Actor {
                kind,
                id: None,
                name,
            },
            origin: None,
        }
    }
}

impl From<&Person> for Actor {
    fn from(person: &Person) -> Self {
        Self {
            kind: AuditActorKind::User,
            id: Some(person.id.0),
            name: Some(person.username.clone()),
        }
    }
}

impl From<&Program> for Actor {
    fn from(program: &Program) -> Self {
        Self {
            kind: AuditActorKind::ApiKey,
            id: Some(program.id.0),
            name: Some(program.name.clone()),
        }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        match principal {
            Principal::Person(person) => person.into(),
            Principal::Program(program) => program.into(),
        }
    }
}

impl From<&UserRow> for Actor {
    fn from(user: &UserRow) -> Self {
        Self {
            kind: AuditActorKind::User,
            id: Some(user.id),
            name: Some(user.username.clone()),
        }
    }
}
