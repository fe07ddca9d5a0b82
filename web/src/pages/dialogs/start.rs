//! Beginning a dialog from wherever somebody or something to ask is shown.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::PATH;
use super::targets::Target;
use crate::api::use_api;
use crate::components::toast::use_toasts;
use crate::i18n::{tu_string, use_i18n, words};

/// Begins a dialog and goes there; with it, whether that is under way.
pub fn use_start_dialog() -> (Callback<Target>, Signal<bool>) {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let navigate = StoredValue::new_local(use_navigate());
    let busy = RwSignal::new(false);
    let start = Callback::new(move |target: Target| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            match api.create_dialog(&target.create()).await {
                Ok(dialog) => {
                    let path = format!("{PATH}/{}", dialog.id);
                    if let Some(navigate) = navigate.try_get_value() {
                        navigate(&path, NavigateOptions::default());
                    }
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, dialogs.start_failed, why));
                }
            }
            busy.try_set(false);
        });
    });
    (start, busy.into())
}
