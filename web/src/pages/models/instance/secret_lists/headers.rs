//! Extra headers.

use leptos::prelude::*;

use super::Secrets;
use crate::components::button::IconButton;
use crate::components::form::{SecretField, TextField, focus_field};
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_signal, t_string, use_i18n};

/// The extra headers.
#[component]
pub fn Headers(
    /// What the form knows of secrets.
    secrets: Secrets,
) -> impl IntoView {
    let i18n = use_i18n();
    let Secrets {
        form,
        errors,
        stored,
        ..
    } = secrets;
    let rows = form.headers;
    let add = move |_| {
        let key = form.add_header();
        request_animation_frame(move || focus_field(&format!("headers-{key}-name")));
    };
    let error = errors.at("headers");
    view! {
        <div class="field" id="headers" role="group" tabindex="-1" aria-labelledby="headers-legend">
            <span class="label" id="headers-legend">
                {t!(i18n, instance.headers.title)}
            </span>
            <p class="hint">{t!(i18n, instance.headers.hint)}</p>
            <div class="header-rows">
                <For
                    each=move || rows.get()
                    key=|row| row.key
                    children=move |row| {
                        let key = row.key;
                        let name = row.name;
                        let kept = stored
                            .with_untracked(|stored| {
                                let headers = &stored.as_ref()?.headers;
                                headers.iter().find(|header| Some(header.id) == row.id).cloned()
                            });
                        let unreadable = kept.as_ref().is_some_and(|header| header.unreadable);
                        let (must_reenter, reason) = secrets.must_reenter(unreadable);
                        let hint = kept.map(|header| header.hint);
                        let name_id = format!("headers-{key}-name");
                        let value_id = format!("headers-{key}-value");
                        view! {
                            <div class="header-row" data-row="header">
                                <TextField
                                    id=name_id.clone()
                                    label=t_signal!(i18n, instance.headers.name)
                                    value=name
                                    placeholder=t_signal!(i18n, instance.headers.example)
                                    error=errors.at(name_id)
                                    bare=true
                                    code=true
                                />
                                <SecretField
                                    id=value_id.clone()
                                    label=Signal::derive(move || {
                                        t_string!(i18n, instance.headers.value_of, name = name.get())
                                    })
                                    value=row.value
                                    stored=hint
                                    must_reenter
                                    reason
                                    error=errors.at(value_id)
                                    bare=true
                                />
                                <IconButton
                                    icon=Icon::Trash
                                    label=Signal::derive(move || {
                                        t_string!(i18n, instance.headers.remove, name = name.get())
                                    })
                                    action="remove-header"
                                    on_click=move |()| {
                                        rows.update(|rows| rows.retain(|row| row.key != key));
                                        focus_field("add-header");
                                    }
                                />
                            </div>
                        }
                    }
                />
            </div>
            <p class="field-error" id="headers-error">
                {error}
            </p>
            <div class="field-actions">
                <button type="button" class="button small" id="add-header" data-action="add-header" on:click=add>
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, instance.headers.add)}
                </button>
            </div>
        </div>
    }
}
