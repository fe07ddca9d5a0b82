//! The answer of a connection check.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::tagged::adjacently_tagged;
use crate::{CreateModelInstance, ModelInstanceId};

/// One step of a check, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStep {
    /// The host's name becomes addresses, and the egress policy allows them.
    Resolve,
    /// A connection to the host, or through the instance's proxy.
    Connect,
    /// The TLS handshake (https only).
    Tls,
    /// The backend accepts the token.
    Authenticate,
    /// The backend lists its models.
    ListModels,
    /// The instance's model is among them.
    ModelListed,
}

adjacently_tagged! {
    /// What a check found, for programs. Each variant's members are the `params` beside the `code`.
    pub enum CheckCode ("code", "params"), read as CheckCodeShape of "CheckCode" {
        /// It passed.
        Ok {
            /// What was found, if that can be said in no words: the address, the port, the model.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            found: Option<String>,
        },
        /// It passed: so many models are listed.
        ModelsListed {
            /// Number of models.
            count: u64,
        },
        /// It passed, through the instance's proxy.
        ThroughProxy,
        /// It passed: the backend asks for no token.
        NoTokenNeeded,
        /// It was not made, since it does not apply: plain `http`, or the proxy resolves the name.
        NotApplicable,
        /// It was not made, since the backend does not list its models.
        Unverified,
        /// It was not made, since an earlier step failed.
        NotReached,
        /// The host's name does not resolve.
        NameUnknown,
        /// The egress policy forbids an address that the name resolves to.
        Denied,
        /// The port is closed.
        ConnectRefused,
        /// There is no way to the host.
        HostUnreachable,
        /// The connection was not made, or broke.
        ConnectFailed,
        /// The proxy did not make the connection.
        ProxyFailed,
        /// Nothing happened in time.
        Timeout,
        /// The TLS handshake failed: a certificate that is not trusted, or no TLS at all.
        TlsFailed,
        /// The connection broke before the answer was complete.
        ConnectionLost,
        /// What answers does not speak HTTP.
        NotHttp,
        /// The backend wants a token.
        TokenRequired {
            /// HTTP status of its answer.
            status: u16,
        },
        /// The backend refuses the token.
        TokenRefused {
            /// HTTP status of its answer.
            status: u16,
        },
        /// The backend answered with an error.
        HttpStatus {
            /// HTTP status of its answer.
            status: u16,
        },
        /// The answer is not a list of models in the form of the OpenAI API.
        BadAnswer,
        /// The backend lists no model.
        NoModels,
        /// The backend does not list the instance's model.
        ModelMissing {
            /// The model.
            model: String,
        },
        /// The instance names no model and the backend lists several.
        ModelAmbiguous {
            /// Number of models.
            count: u64,
        },
        /// A stored secret of the instance cannot be decrypted, so nothing was asked.
        SecretUnreadable,
        /// No client can be made of the instance's settings: its certificates, a header, an address.
        Misconfigured,
    }
}

/// What one step of a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "StepOnTheWire")]
pub struct CheckStepResult {
    /// The step.
    pub step: CheckStep,
    /// Whether it passed; false as well when it was not made.
    pub ok: bool,
    /// Whether it was not made, because it does not apply or an earlier one failed.
    pub skipped: bool,
    /// Time it took, in milliseconds.
    #[schema(example = 12)]
    pub duration_ms: u64,
    /// What was found, in plain words.
    #[schema(example = "127.0.0.1")]
    pub detail: String,
    /// What was found, for programs (`code`), and what a sentence about it needs (`params`; left out if nothing).
    #[serde(flatten)]
    pub code: CheckCode,
}

/// The answer of a connection check. A check that fails is still a successful request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "ResultOnTheWire")]
pub struct CheckResult {
    /// Whether the instance would answer.
    pub ok: bool,
    /// Why, or why not, in plain words.
    #[schema(example = "The backend answers and lists the model.")]
    pub reason: String,
    /// Why, or why not, for programs (`code`, `params`): that of the step that failed, `ok`, or `unverified`.
    #[serde(flatten)]
    pub code: CheckCode,
    /// Time of all steps, in milliseconds.
    #[schema(example = 31)]
    pub duration_ms: u64,
    /// The steps in order.
    pub steps: Vec<CheckStepResult>,
    /// Ids of the models that the backend lists.
    #[schema(example = json!(["llama-3.1-8b-instruct"]))]
    pub models: Vec<String>,
}

// Read in two steps: `serde`'s own way through `flatten` does not survive numbers of arbitrary precision.

#[derive(Deserialize)]
struct StepOnTheWire {
    step: CheckStep,
    ok: bool,
    skipped: bool,
    duration_ms: u64,
    detail: String,
    code: String,
    params: Option<Value>,
}

impl TryFrom<StepOnTheWire> for CheckStepResult {
    type Error = serde_json::Error;

    fn try_from(wire: StepOnTheWire) -> Result<Self, Self::Error> {
        Ok(Self {
            step: wire.step,
            ok: wire.ok,
            skipped: wire.skipped,
            duration_ms: wire.duration_ms,
            detail: wire.detail,
            code: CheckCode::read(wire.code, wire.params)?,
        })
    }
}

#[derive(Deserialize)]
struct ResultOnTheWire {
    ok: bool,
    reason: String,
    code: String,
    params: Option<Value>,
    duration_ms: u64,
    steps: Vec<CheckStepResult>,
    models: Vec<String>,
}

impl TryFrom<ResultOnTheWire> for CheckResult {
    type Error = serde_json::Error;

    fn try_from(wire: ResultOnTheWire) -> Result<Self, Self::Error> {
        Ok(Self {
            ok: wire.ok,
            reason: wire.reason,
            code: CheckCode::read(wire.code, wire.params)?,
            duration_ms: wire.duration_ms,
            steps: wire.steps,
            models: wire.models,
        })
    }
}

/// A draft to be checked: the fields of an instance, of which `name` may be missing, and where its stored secrets are.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "client", derive(Serialize))]
pub struct CheckModelInstance {
    /// The fields of the instance.
    #[cfg_attr(feature = "client", serde(flatten))]
    pub draft: CreateModelInstance,
    /// The instance whose stored secrets are used for items with an `id` and no secret; endpoint and proxies must be unchanged.
    #[cfg_attr(feature = "client", serde(skip_serializing_if = "Option::is_none"))]
    pub from_instance_id: Option<ModelInstanceId>,
}

// Written out, since it is the schema of an instance with one field more and one that may be missing.
impl PartialSchema for CheckModelInstance {
    fn schema() -> RefOr<Schema> {
        let mut schema = CreateModelInstance::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            let id = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
                .description(Some(
                    "The instance whose stored secrets are used for items with an `id` and no secret; endpoint and proxies must be unchanged.",
                ));
            object
                .properties
                .insert("from_instance_id".to_owned(), id.into());
            object.required.retain(|name| name != "name");
            object.description = Some("A draft of a model instance to be checked.".to_owned());
        }
        schema
    }
}

impl ToSchema for CheckModelInstance {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("CheckModelInstance")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        CreateModelInstance::schemas(schemas);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_result_is_read_back_as_it_was_written() {
        let step = |step, ok, code| CheckStepResult {
            step,
            ok,
            skipped: false,
            duration_ms: 12,
            detail: "detail".to_owned(),
            code,
        };
        let found = Some("127.0.0.1".to_owned());
        let result = CheckResult {
            ok: false,
            reason: "The backend answered with HTTP 503.".to_owned(),
            code: CheckCode::HttpStatus { status: 503 },
            duration_ms: 31,
            steps: vec![
                step(CheckStep::Resolve, true, CheckCode::Ok { found }),
                step(CheckStep::Tls, false, CheckCode::NotApplicable),
                step(
                    CheckStep::ListModels,
                    false,
                    CheckCode::HttpStatus { status: 503 },
                ),
            ],
            models: vec!["a".to_owned()],
        };
        let text = serde_json::to_string(&result).unwrap();
        assert_eq!(serde_json::from_str::<CheckResult>(&text).unwrap(), result);
        let value = serde_json::to_value(&result).unwrap();
        assert_eq!(value["code"], "http_status");
        assert_eq!(value["params"], json!({"status": 503}));
        assert_eq!(value["steps"][0]["code"], "ok");
        assert_eq!(value["steps"][1].get("params"), None);
    }
}
