//! What a person opens: one module for each screen.

pub mod assistants;
pub mod audit;
pub mod connect;
pub mod dialogs;
pub mod guard;
pub mod keys;
pub mod local_servers;
pub mod login;
pub mod models;
pub mod not_found;
pub mod session_end;
pub mod settings;
pub mod setup;
mod sign_in_card;
pub mod start;
pub mod usage;
pub mod users;

use std::fmt::Display;

use leptos::prelude::*;
use leptos_router::NavigateOptions;

use crate::arrival::arrive;
use crate::i18n::{t_string, use_i18n};

/// Notes that this page was arrived at, and names it in the browser's tab and history, in the language of the screen. A page of one thing is named after the thing, as soon
/// as its name is known.
pub fn use_title<T: Display>(title: impl Fn() -> T + 'static) {
    let i18n = use_i18n();
    Effect::new(|_: Option<()>| arrive());
    Effect::new(move || {
        let page = title().to_string();
        document().set_title(&t_string!(i18n, app.page_title, page));
    });
}

/// Goes somewhere in place of the present page, so that "back" does not lead to it again.
pub fn in_place() -> NavigateOptions {
    NavigateOptions {
        replace: true,
        ..NavigateOptions::default()
    }
}
