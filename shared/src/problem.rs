//! Failures of the management API: `application/problem+json` (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AttemptTrace, FieldError};

/// What went wrong, for programs. A problem and each of its field errors carry one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body is not JSON.
    InvalidJson,
    /// The body is not YAML, or more than a file of settings may have.
    InvalidYaml,
    /// A query parameter is unknown or has a bad value.
    InvalidParameter,
    /// A field has a value that its rule forbids, or several fields have different faults.
    ValidationFailed,
    /// A field that the resource does not have, or that cannot be written.
    UnknownField,
    /// A field has a value of another type than its own.
    InvalidType,
    /// A field without a default is missing.
    MissingField,
    /// A value that must be unique is taken.
    Conflict,
    /// Others use what should be deleted.
    InUse,
    /// No such resource, or not for this caller.
    NotFound,
    /// The resource exists, the method does not.
    MethodNotAllowed,
    /// `If-Match` is missing.
    PreconditionRequired,
    /// Somebody changed the resource in between.
    PreconditionFailed,
    /// No credential, or one that is not valid.
    Unauthenticated,
    /// The credential is valid but has not the right.
    Forbidden,
    /// Too many requests; `Retry-After` says when to come back.
    RateLimited,
    /// The body is larger than allowed.
    BodyTooLarge,
    /// The content type of the body is not the one that is read here.
    UnsupportedMediaType,
    /// The address may not be reached from this service.
    EgressDenied,
    /// The connection changed, so its secrets must be entered again.
    SecretsRequired,
    /// A stored secret cannot be decrypted; it must be entered again.
    SecretUnreadable,
    /// Passwords are not accepted here; people sign in with the identity provider.
    LocalSignInOff,
    /// The identity provider cannot be reached at the moment.
    IdentityProviderUnavailable,
    /// Set-up is over: a user exists.
    SetupClosed,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The database cannot be reached at the moment.
    Unavailable,
    /// No instance of the group may be asked at the moment.
    NoInstanceAvailable,
    /// Every instance that was asked failed.
    AllInstancesFailed,
    /// The last instance that was asked did not answer in time.
    UpstreamTimeout,
    /// The backend refused the request itself; the status is the backend's.
    UpstreamRefused,
    /// The conversation is too long for every instance that could be asked.
    ContextLengthExceeded,
    /// The answer broke off after it had begun.
    StreamInterrupted,
    /// Another answer is being given in the dialog at this moment.
    AnswerUnderWay,
    /// The group or the assistant of the dialog is gone: another one has to be chosen.
    TargetGone,
    /// There are as many of these as there may be.
    LimitReached,
    /// A fault of the service; its log has the cause under the request's id.
    Internal,
}

/// A resource that stands in the way of a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsedBy {
    /// Kind of the resource.
    #[schema(example = "model_group")]
    pub kind: String,
    /// Its id.
    pub id: uuid::Uuid,
    /// Its name.
    #[schema(example = "chat-default")]
    pub name: String,
}

/// A failure, as RFC 9457 describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// URI of this kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:understudy:problem:validation_failed")]
    pub kind: String,
    /// Short name of this kind of problem.
    #[schema(example = "The request has invalid fields")]
    pub title: String,
    /// HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened this time.
    #[schema(example = "/endpoint/port: must be between 1 and 65535")]
    pub detail: String,
    /// Path of the request.
    #[schema(example = "/api/v1/model-instances")]
    pub instance: String,
    /// What went wrong, for programs.
    #[schema(example = "validation_failed")]
    pub code: ProblemCode,
    /// Id of the request, as in the service's log.
    #[schema(example = "01890a5d-ac96-774b-bcce-b302099a8057")]
    pub request_id: String,
    /// The fields at fault.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `in_use`: what uses the resource.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<UsedBy>,
    /// Of a question to a group: the instances that were tried or skipped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<AttemptTrace>,
}
