//! Validated types and their rules. No I/O: a value here is right by construction or was never made.

pub mod assistant;
pub mod changes;
pub mod dialog;
pub mod merge_patch;
pub mod model_group;
pub mod model_instance;
pub mod user;

/// The name for people; whoever gives none is shown the other one.
fn title_or(title: String, name: &str) -> String {
    if title.trim().is_empty() {
        name.to_owned()
    } else {
        title
    }
}
