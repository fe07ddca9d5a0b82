//! The answer of a connection check.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

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

/// What one step of a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
}

/// The answer of a connection check. A check that fails is still a successful request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckResult {
    /// Whether the instance would answer.
    pub ok: bool,
    /// Why, or why not, in plain words.
    #[schema(example = "The backend answers and lists the model.")]
    pub reason: String,
    /// Time of all steps, in milliseconds.
    #[schema(example = 31)]
    pub duration_ms: u64,
    /// The steps in order.
    pub steps: Vec<CheckStepResult>,
    /// Ids of the models that the backend lists.
    #[schema(example = json!(["llama-3.1-8b-instruct"]))]
    pub models: Vec<String>,
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
