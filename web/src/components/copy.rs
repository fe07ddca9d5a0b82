//! Copies a text with one click, and says so. Where the browser does not allow it (a page without HTTPS, a refused permission) the text is
//! selected instead, so that two keys are enough.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::icon::{Glyph, Icon};
use crate::browser;
use crate::i18n::{t_string, use_i18n};

/// How long the button says what it did.
const SAID: Duration = Duration::from_secs(3);

/// What came of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    None,
    Copied,
    Selected,
}

/// The button.
#[component]
pub fn CopyButton(
    /// What is copied.
    #[prop(into)]
    text: Signal<String>,
    /// Id of the element that shows it.
    target: &'static str,
) -> impl IntoView {
    let i18n = use_i18n();
    let outcome = RwSignal::new(Outcome::None);
    let copy = move |_| {
        let text = text.get_untracked();
        spawn_local(async move {
            let copied = browser::copy(&text).await || browser::copy_selected(target);
            outcome.try_set(if copied {
                Outcome::Copied
            } else {
                Outcome::Selected
            });
            browser::sleep(SAID).await;
            outcome.try_set(Outcome::None);
        });
    };
    let icon = Signal::derive(move || match outcome.get() {
        Outcome::Copied => Icon::Check,
        Outcome::None | Outcome::Selected => Icon::Copy,
    });
    let said = move || match outcome.get() {
        Outcome::None => t_string!(i18n, keys.made.copy),
        Outcome::Copied => t_string!(i18n, keys.made.copied),
        Outcome::Selected => t_string!(i18n, keys.made.select),
    };
    view! {
        <button type="button" class="button small copy" data-action="copy" on:click=copy>
            <Glyph icon />
            <span role="status">{said}</span>
        </button>
    }
}
