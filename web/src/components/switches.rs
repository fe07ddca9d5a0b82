//! The switches of the header: language and colours. Both are groups of radio buttons, so arrows move within and one tab stop leads on.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::i18n::{LANGUAGES, choose_language, t, t_string, use_i18n};
use crate::theme::{Theme, choose_theme, use_theme};

/// Chooses the language of the screens.
#[component]
pub fn LanguageSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let choices = LANGUAGES
        .into_iter()
        .map(|(locale, short, full)| {
            view! {
                <label lang=locale.to_string() title=full>
                    <input
                        type="radio"
                        name="language"
                        value=locale.to_string()
                        aria-label=full
                        prop:checked=move || i18n.get_locale() == locale
                        on:change=move |_| choose_language(i18n, locale)
                    />
                    <span>{short}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="switch" id="language">
            <legend class="unseen">{t!(i18n, frame.language)}</legend>
            {choices}
        </fieldset>
    }
}

/// Chooses light or dark.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    let i18n = use_i18n();
    let chosen = use_theme();
    let choices = Theme::ALL
        .into_iter()
        .map(|theme| {
            let icon = match theme {
                Theme::System => Icon::Screen,
                Theme::Light => Icon::Sun,
                Theme::Dark => Icon::Moon,
            };
            let label = move || match theme {
                Theme::System => t_string!(i18n, frame.theme.system),
                Theme::Light => t_string!(i18n, frame.theme.light),
                Theme::Dark => t_string!(i18n, frame.theme.dark),
            };
            view! {
                <label title=label>
                    <input
                        type="radio"
                        name="theme"
                        value=theme.as_str()
                        aria-label=label
                        prop:checked=move || chosen.get() == theme
                        on:change=move |_| choose_theme(chosen, theme)
                    />
                    <span>
                        <Glyph icon />
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="switch" id="theme">
            <legend class="unseen">{t!(i18n, frame.theme.label)}</legend>
            {choices}
        </fieldset>
    }
}
