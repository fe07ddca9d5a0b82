//! What the API, the web application and the tests agree on: the types that cross the wire and the rules for their fields.
//!
//! The rule: a type here is exactly what a request or an answer carries. It must build for `wasm32` and must never see the
//! database or the HTTP server. Every field's comment becomes its description in the OpenAPI document.

pub mod api_key;
pub mod assistant;
pub mod attempt;
pub mod audit;
pub mod auth;
pub mod check;
pub mod config_file;
pub mod dialog;
pub mod discovery;
pub mod event;
pub mod field_error;
pub mod fit;
pub mod gguf;
pub mod host;
pub mod ids;
pub mod model_group;
pub mod model_instance;
pub mod page;
pub mod problem;
pub mod reason;
pub mod rules;
pub mod secret;
pub mod settings;
mod stream_event;
mod tagged;
pub mod usage;
pub mod user;

pub use api_key::*;
pub use assistant::*;
pub use attempt::*;
pub use audit::*;
pub use auth::*;
pub use check::*;
pub use config_file::*;
pub use dialog::*;
pub use discovery::*;
pub use event::*;
pub use field_error::*;
pub use host::*;
pub use ids::*;
pub use model_group::*;
pub use model_instance::*;
pub use page::*;
pub use problem::*;
pub use reason::{REASON_CODES, ReasonCode};
pub use secret::SecretInput;
pub use settings::*;
pub use usage::*;
pub use user::*;
