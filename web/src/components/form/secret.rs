//! A secret that can be written and never read: stored, it is a mark and the last characters; replacing it is a decision that can be taken back.
//!
//! Rule: what is typed stands in the property of an input and nowhere else, and is gone with the page.

use leptos::prelude::*;

use super::field::{described_by, invalid};
use super::focus_field;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// A write-only secret. `value` is what was typed; `None` keeps what is stored.
#[component]
pub fn SecretField(
    /// Id of the input, and of the button in its place.
    #[prop(into)]
    id: String,
    /// What the secret is.
    #[prop(into)]
    label: Signal<String>,
    /// What was typed.
    value: RwSignal<Option<String>>,
    /// The hint of what is stored, empty for a short one; `None` = nothing is stored.
    stored: Option<String>,
    /// Whether what is stored cannot be kept any longer.
    #[prop(optional, into)]
    must_reenter: Signal<bool>,
    /// Why it cannot.
    #[prop(optional, into)]
    reason: Option<Signal<String>>,
    /// What to type.
    #[prop(optional, into)]
    placeholder: MaybeProp<String>,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// Whether its label is unseen.
    #[prop(optional)]
    bare: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let has_stored = stored.is_some();
    let state = Memo::new(move |_| {
        SecretState::of(has_stored, must_reenter.get(), value.with(Option::is_some))
    });
    let shown = RwSignal::new(false);
    let reason_shown = Signal::derive(move || {
        (state.get() == SecretState::Reenter)
            .then(|| reason.map(|reason| reason.get()))
            .flatten()
    });
    let described = described_by(&id, reason.is_some(), error);
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    let label_id = format!("{id}-label");
    let own_label_id = label_id.clone();
    // The button and the input take turns at one id, and at the focus.
    let turn = {
        let id = id.clone();
        Callback::new(move |typed: Option<String>| {
            value.set(typed);
            shown.set(false);
            let id = id.clone();
            request_animation_frame(move || focus_field(&id));
        })
    };
    // An input that nothing was typed into is no decision to replace.
    Effect::new(move |before: Option<bool>| {
        let must = must_reenter.get();
        if before == Some(true)
            && !must
            && value.with_untracked(|value| value.as_deref() == Some(""))
        {
            value.set(None);
        }
        must
    });
    let control = {
        let id = id.clone();
        move || {
            if state.get() == SecretState::Kept {
                let hint = stored.clone().unwrap_or_default();
                return view! {
                    <span class="secret-kept">
                        <Glyph icon=Icon::Key />
                        <span>
                            {move || t_string!(i18n, form.secret.set)}
                            {(!hint.is_empty())
                                .then(|| view! { " · " <code>{hint.clone()}</code> })}
                        </span>
                        <button
                            type="button"
                            id=id.clone()
                            class="button quiet small"
                            data-action="replace"
                            aria-describedby=label_id.clone()
                            on:click=move |_| turn.run(Some(String::new()))
                        >
                            {t!(i18n, form.secret.replace)}
                        </button>
                    </span>
                }
                .into_any();
            }
            let can_undo = has_stored;
            view! {
                <span class="secret-input">
                    <input
                        id=id.clone()
                        class="input code"
                        type=move || if shown.get() { "text" } else { "password" }
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        data-1p-ignore="true"
                        data-lpignore="true"
                        placeholder=move || placeholder.get().unwrap_or_else(|| t_string!(i18n, form.secret.paste).to_owned())
                        aria-labelledby=label_id.clone()
                        aria-invalid=invalid(error)
                        aria-describedby=described
                        prop:value=move || value.get().unwrap_or_default()
                        on:input:target=move |event| value.set(Some(event.target().value()))
                    />
                    <button
                        type="button"
                        class="button quiet icon-only"
                        data-action="show"
                        aria-pressed=move || shown.get().to_string()
                        aria-label=move || t_string!(i18n, form.secret.show)
                        title=move || t_string!(i18n, form.secret.show)
                        on:click=move |_| shown.update(|shown| *shown = !*shown)
                    >
                        <Glyph icon=Signal::derive(move || if shown.get() { Icon::EyeOff } else { Icon::Eye }) />
                    </button>
                    {can_undo
                        .then(|| {
                            view! {
                                <Show when=move || state.get() == SecretState::Replaced>
                                    <button
                                        type="button"
                                        class="button quiet small"
                                        data-action="keep"
                                        on:click=move |_| turn.run(None)
                                    >
                                        {t!(i18n, form.secret.keep)}
                                    </button>
                                </Show>
                            }
                        })}
                </span>
            }
            .into_any()
        }
    };
    // An input that becomes another keeps what stands in it: only keeping and typing look different.
    let kind = Memo::new(move |_| state.get() == SecretState::Kept);
    view! {
        <div class="field secret" data-secret=move || state.get().as_str()>
            <label for=id id=own_label_id class:unseen=bare>
                {label}
            </label>
            {move || {
                // Read, not only tracked: a memo that nobody reads never learns that it is out of date.
                let _ = kind.get();
                untrack(&control)
            }}
            <p id=error_id class="field-error">{error}</p>
            <p id=hint_id class="hint warn">{reason_shown}</p>
        </div>
    }
}

/// What becomes of a secret when the form is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// What is stored stays.
    Kept,
    /// What was typed takes the place of what is stored.
    Replaced,
    /// What is stored cannot stay; something has to be typed.
    Reenter,
    /// Nothing is stored yet.
    New,
}

impl SecretState {
    /// The state of a secret that is stored or not, may stay or not, and for which something was typed or not.
    pub fn of(stored: bool, must_reenter: bool, typed: bool) -> Self {
        match (stored, must_reenter, typed) {
            (false, ..) => Self::New,
            (true, true, _) => Self::Reenter,
            (true, false, true) => Self::Replaced,
            (true, false, false) => Self::Kept,
        }
    }

    /// Its name, for the style sheet and for tests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Replaced => "replaced",
            Self::Reenter => "reenter",
            Self::New => "new",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_secret_stays_until_it_is_replaced_or_must_not() {
        assert_eq!(SecretState::of(true, false, false), SecretState::Kept);
        assert_eq!(SecretState::of(true, false, true), SecretState::Replaced);
        for typed in [false, true] {
            assert_eq!(SecretState::of(true, true, typed), SecretState::Reenter);
            assert_eq!(SecretState::of(false, false, typed), SecretState::New);
            assert_eq!(SecretState::of(false, true, typed), SecretState::New);
        }
    }
}
