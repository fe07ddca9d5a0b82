//! What the document says of bodies that are never parsed as a whole, or written as text.

/// What the caller sends: the name of a model group or an assistant, and whatever else the backend understands.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body, which is never parsed as a whole"
)]
pub(super) struct GatewayRequest {
    /// Name of the model group that is asked, or of a conversation `assistant/<name>`; case does not matter.
    #[schema(example = "chat-default")]
    model: String,
    /// Whether the answer is wanted as server-sent events.
    #[schema(default = false)]
    stream: Option<bool>,
}

/// What the caller sends with a file: a model group's name, and whatever else the backend understands.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "describes the body, which is never parsed as a whole"
)]
pub(super) struct GatewayForm {
    /// Name of the model group that is asked; case does not matter.
    #[schema(example = "whisper")]
    model: String,
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Whether the answer is wanted as server-sent events.
    #[schema(default = false)]
    stream: Option<bool>,
}

/// An error in the form of the OpenAI API.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body, which is written as text")]
pub(super) struct GatewayErrorBody {
    /// The error.
    error: GatewayErrorObject,
}

/// What went wrong.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body, which is written as text")]
pub(super) struct GatewayErrorObject {
    /// What went wrong, for people.
    #[schema(example = "The model `chat` does not exist, or this key may not ask it.")]
    message: String,
    /// Class of the error.
    #[schema(example = "invalid_request_error")]
    r#type: String,
    /// The field at fault.
    #[schema(example = "model")]
    param: Option<String>,
    /// What went wrong, for programs.
    #[schema(example = "model_not_found")]
    code: String,
}

/// One model group in the form of the OpenAI API.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body, which is written as text")]
pub(super) struct GatewayModel {
    /// Name of the group: the `model` of requests.
    #[schema(example = "chat-default")]
    id: String,
    /// Always `model`.
    #[schema(example = "model")]
    object: String,
    /// Time of creation, in seconds since 1970.
    #[schema(example = 1_764_000_000)]
    created: i64,
    /// Always `understudy`.
    #[schema(example = "understudy")]
    owned_by: String,
    /// Whether at least one instance would answer now.
    available: bool,
}

/// The model groups that the key may ask.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "describes the body, which is written as text")]
pub(super) struct GatewayModels {
    /// Always `list`.
    #[schema(example = "list")]
    object: String,
    /// The groups by name.
    data: Vec<GatewayModel>,
}
