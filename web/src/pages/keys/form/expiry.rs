//! Until when a key may be used.

use leptos::prelude::*;

use super::{DATE, KEEP, draft::Draft};
use crate::browser;
use crate::components::form::{Select, SelectOption};
use crate::i18n::{t, t_string, use_i18n};

/// How long the key is valid.
#[component]
pub(super) fn Expiry(draft: Draft, error: Signal<Option<String>>) -> impl IntoView {
    let i18n = use_i18n();
    let option = |value: &'static str, label: Signal<String>| SelectOption { value, label };
    let in_days =
        move |days: &'static str| Signal::derive(move || t_string!(i18n, keys.form.days, days));
    let ends = draft
        .key
        .with_value(|key| key.as_ref().and_then(|key| key.expires_at));
    let keep = ends.map(|at| {
        let label = Signal::derive(move || {
            let at = browser::local_date(at, i18n.get_locale().as_ref());
            t_string!(i18n, keys.form.keep, at)
        });
        option(KEEP, label)
    });
    let mut options: Vec<SelectOption> = keep.into_iter().collect();
    options.extend([
        option("30", in_days("30")),
        option("90", in_days("90")),
        option(
            "365",
            Signal::derive(move || t_string!(i18n, keys.form.year).to_owned()),
        ),
        option(
            DATE,
            Signal::derive(move || t_string!(i18n, keys.form.date).to_owned()),
        ),
        option(
            "never",
            Signal::derive(move || t_string!(i18n, keys.form.never).to_owned()),
        ),
    ]);
    let hint = Signal::derive(move || {
        let request = draft.request(browser::now());
        match request.expires_at {
            Some(at) => {
                let at = browser::local_date(at, i18n.get_locale().as_ref());
                t_string!(i18n, keys.form.ends, at)
            }
            None if draft.expires.get() == DATE => String::new(),
            None => t_string!(i18n, keys.form.never_hint).to_owned(),
        }
    });
    let by_date = Memo::new(move |_| draft.expires.with(|expires| expires == DATE));
    view! {
        <div class="key-expiry">
            <Select
                id="key-expires"
                label=Signal::derive(move || t_string!(i18n, keys.form.expires).to_owned())
                value=draft.expires
                options
                hint
            />
            <Show when=move || by_date.get()>
                <div class="field">
                    <label for="key-until">{t!(i18n, keys.form.until)}</label>
                    <input
                        id="key-until"
                        class="input"
                        type="date"
                        lang=move || i18n.get_locale().to_string()
                        aria-invalid=move || error.with(Option::is_some).then_some("true")
                        aria-describedby="key-until-error"
                        prop:value=draft.until
                        on:input:target=move |event| draft.until.set(event.target().value())
                    />
                    <p class="field-error" id="key-until-error">{error}</p>
                </div>
            </Show>
        </div>
    }
}
