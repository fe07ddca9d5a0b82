//! A moment, as the time that has passed since then, and exactly in a tooltip.

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::age::Age;
use crate::browser;
use crate::clock::use_clock;
use crate::i18n::{t_string, use_i18n, words};

/// How the time that has passed is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wording {
    /// "3 min ago".
    #[default]
    Ago,
    /// "3 min": for how long something has been so.
    Bare,
}

/// The time since `at`; it renews itself.
#[component]
pub fn Ago(
    /// The moment.
    #[prop(into)]
    at: Signal<DateTime<Utc>>,
    /// How it is put.
    #[prop(optional)]
    wording: Wording,
) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    // The clock ticks every second; the page changes when the words do.
    let age = Memo::new(move |_| Age::between(at.get(), clock.now()));
    let text = move || {
        let age = age.get();
        let words = words::age(i18n, age);
        match wording {
            Wording::Ago if age.is_now() => t_string!(i18n, age.now).to_owned(),
            Wording::Ago => t_string!(i18n, age.ago, age = words),
            Wording::Bare => words,
        }
    };
    let exact = move || browser::local_time(at.get(), i18n.get_locale().as_ref());
    view! {
        <time class="age" datetime=move || at.get().to_rfc3339() data-tip=exact>
            {text}
        </time>
    }
}
