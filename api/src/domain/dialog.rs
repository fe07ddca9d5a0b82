//! What a dialog is by itself: its title, what of it is sent to a model, and how it is written down as Markdown.

pub mod context;
pub mod markdown;
pub mod title;
