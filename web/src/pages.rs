//! What a person opens: one module for each screen.

pub mod guard;
pub mod login;
pub mod models;
pub mod not_found;
pub mod setup;

use leptos::prelude::*;
use leptos_router::NavigateOptions;

use crate::i18n::{t_string, use_i18n};

/// Names the page in the browser's tab and history, in the language of the screen.
pub fn use_title(title: impl Fn() -> &'static str + 'static) {
    let i18n = use_i18n();
    Effect::new(move || document().set_title(&t_string!(i18n, app.page_title, page = title())));
}

/// Goes somewhere in place of the present page, so that "back" does not lead to it again.
pub fn in_place() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    }
}
