//! Tokens, in the order in which they are used.

use leptos::prelude::*;
use understudy_shared::TokenState;

use super::Secrets;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::form::{SecretField, TextField, focus_field};
use crate::components::icon::{Glyph, Icon};
use crate::components::ordered_list::OrderedList;
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// The tokens in order.
#[component]
pub fn Tokens(
    /// What the form knows of secrets.
    secrets: Secrets,
) -> impl IntoView {
    let i18n = use_i18n();
    let Secrets {
        form,
        errors,
        stored,
        moved,
    } = secrets;
    let rows = form.tokens;
    let find = move |key: u32| rows.with(|rows| rows.iter().find(|row| row.key == key).cloned());
    let place = move |key: u32| {
        rows.with(|rows| {
            rows.iter()
                .position(|row| row.key == key)
                .map_or(0, |index| index + 1)
        })
    };
    let name = move |key: u32| {
        let label = untrack(|| find(key)).map(|row| row.label.get_untracked());
        label.filter(|label| !label.is_empty()).unwrap_or_else(|| {
            t_string!(
                i18n,
                instance.tokens.numbered,
                number = untrack(|| place(key))
            )
        })
    };
    let row = move |key: u32| {
        let Some(row) = untrack(|| find(key)) else {
            return ().into_any();
        };
        let kept = stored.with_untracked(|stored| {
            let tokens = &stored.as_ref()?.tokens;
            tokens
                .iter()
                .find(|token| Some(token.id) == row.id)
                .cloned()
        });
        let unreadable = kept.as_ref().is_some_and(|token| token.unreadable);
        let (must_reenter, reason) = secrets.must_reenter(unreadable);
        let hint = kept.as_ref().map(|token| token.hint.clone());
        let state = kept
            .map(|token| token.state)
            .filter(|state| *state != TokenState::Unknown);
        let value_id = format!("tokens-{key}-value");
        let label_id = format!("tokens-{key}-label");
        view! {
            <div class="secret-row" data-row="token">
                <TextField
                    id=label_id.clone()
                    label=Signal::derive(move || {
                        t_string!(i18n, instance.tokens.label_of, number = place(key))
                    })
                    value=row.label
                    placeholder=Signal::derive(move || t_string!(i18n, instance.tokens.label).to_owned())
                    error=errors.at(label_id)
                    bare=true
                />
                <SecretField
                    id=value_id.clone()
                    label=Signal::derive(move || {
                        t_string!(i18n, instance.tokens.numbered, number = place(key))
                    })
                    value=row.value
                    stored=hint
                    must_reenter
                    reason
                    placeholder=Signal::derive(move || t_string!(i18n, instance.tokens.paste).to_owned())
                    error=errors.at(value_id)
                    bare=true
                />
                <span class="secret-state">
                    {state.map(|state| view! { <TokenBadge state /> })}
                </span>
                <IconButton
                    icon=Icon::Trash
                    label=Signal::derive(move || t_string!(i18n, instance.tokens.remove, name = name(key)))
                    action="remove-token"
                    on_click=move |()| {
                        rows.update(|rows| rows.retain(|row| row.key != key));
                        focus_field("add-token");
                    }
                />
            </div>
        }
        .into_any()
    };
    let add = move |_| {
        let key = form.add_token();
        request_animation_frame(move || focus_field(&format!("tokens-{key}-value")));
    };
    let error = errors.at("tokens");
    let several = move || rows.with(|rows| rows.len() > 1);
    view! {
        <div class="field" id="tokens" role="group" tabindex="-1" aria-labelledby="tokens-legend">
            <span class="label" id="tokens-legend">
                {t!(i18n, instance.tokens.title)}
            </span>
            <OrderedList
                id="tokens-list"
                label=t_signal!(i18n, instance.tokens.title)
                keys=Signal::derive(move || rows.with(|rows| rows.iter().map(|row| row.key).collect()))
                name
                on_move=move |wish: crate::components::ordered_list::Move| rows.update(|rows| wish.apply(rows))
                row
            />
            <p class="field-error" id="tokens-error">
                {error}
            </p>
            <p class="hint" hidden=move || !several()>
                {t!(i18n, instance.tokens.order)}
            </p>
            <div class="field-actions">
                <button type="button" class="button small" id="add-token" data-action="add-token" on:click=add>
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, instance.tokens.add)}
                </button>
            </div>
        </div>
        {move || {
            (moved.get().is_none() && rows.with(Vec::is_empty) && form.auth.with(|auth| auth == "none"))
                .then(|| view! { <p class="hint">{t!(i18n, instance.tokens.none_needed)}</p> })
        }}
    }
}

#[component]
fn TokenBadge(state: TokenState) -> impl IntoView {
    let i18n = use_i18n();
    let (tone, icon) = match state {
        TokenState::Ok => (Tone::Ok, Icon::Check),
        TokenState::Invalid => (Tone::Bad, Icon::Cross),
        TokenState::Exhausted => (Tone::Warn, Icon::Clock),
        TokenState::Unknown => (Tone::Idle, Icon::Question),
    };
    let word = Signal::derive(move || {
        match state {
            TokenState::Ok => t_string!(i18n, instance.tokens.states.ok),
            TokenState::Invalid => t_string!(i18n, instance.tokens.states.invalid),
            TokenState::Exhausted => t_string!(i18n, instance.tokens.states.exhausted),
            TokenState::Unknown => t_string!(i18n, instance.tokens.states.unknown),
        }
        .to_owned()
    });
    view! { <Badge tone icon word /> }
}
