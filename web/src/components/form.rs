//! What forms are made of.
//!
//! Rules: a control is named by its DOM id, `id`; its hint and its error stand below it as `{id}-hint` and `{id}-error` and are tied to it for everybody
//! who cannot see them stand there. Values are signals that the page owns, always what was typed, never what could be made of it: nothing is lost for
//! being wrong. Errors come in from [`errors::FormErrors`], which knows them by the same ids.

pub mod combobox;
pub mod errors;
pub mod field;
pub mod folded;
pub mod key_value;
pub mod number;
pub mod pairs;
pub mod secret;
pub mod segmented;
pub mod select;
pub mod text;
pub mod toggle;

pub use combobox::{Choice, Combobox};
pub use errors::{ErrorSummary, FormErrors, Place, focus_field};
pub use folded::Folded;
pub use key_value::KeyValueEditor;
pub use number::NumberField;
pub use secret::SecretField;
pub use segmented::{Segment, Segmented};
pub use select::{Select, SelectOption};
pub use text::{TextArea, TextField};
pub use toggle::{Check, Switch};
