//! What is wrong with a field, in the language of the screen.

use understudy_shared::FieldError;

use super::Words;

/// What the person has to do about a field that was refused.
pub fn rule(_i18n: Words, error: &FieldError) -> String {
    error.detail.clone()
}
