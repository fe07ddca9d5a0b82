//! The models that a key may use.

use leptos::prelude::*;

use super::super::GroupNames;
use super::scopes::choose;
use super::{SEARCHED, draft::Draft};
use crate::i18n::{t, t_string, use_i18n};

/// Which groups the key may ask.
#[component]
pub(super) fn Groups(
    draft: Draft,
    groups: GroupNames,
    error: Signal<Option<String>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let search = RwSignal::new(String::new());
    let many = Memo::new(move |_| groups.with(Vec::len).unwrap_or_default() > SEARCHED);
    let found = Memo::new(move |_| {
        let wanted = search.with(|search| search.trim().to_lowercase());
        let all = groups.value().unwrap_or_default();
        all.into_iter()
            .filter(|(_, name)| name.to_lowercase().contains(&wanted))
            .collect::<Vec<_>>()
    });
    let radio = move |limited: bool| {
        let value = if limited { "some" } else { "all" };
        view! {
            <label class="check">
                <input
                    type="radio"
                    name="key-groups"
                    value=value
                    prop:checked=move || draft.limited.get() == limited
                    on:change=move |_| draft.limited.set(limited)
                />
                {move || {
                    if limited {
                        t_string!(i18n, keys.form.groups_some)
                    } else {
                        t_string!(i18n, keys.form.groups_all)
                    }
                }}
            </label>
        }
    };
    let empty = move || {
        let nothing = groups.with(Vec::is_empty);
        match (nothing, groups.error()) {
            (Some(true), _) => Some(t_string!(i18n, keys.form.groups_none)),
            (None, Some(_)) => Some(t_string!(i18n, keys.form.groups_failed)),
            _ => None,
        }
    };
    view! {
        <fieldset id="key-groups" class="options" tabindex="-1" aria-describedby="key-groups-error">
            <legend>{t!(i18n, keys.form.groups)}</legend>
            <div class="radios">{radio(false)} {radio(true)}</div>
            <Show when=move || draft.limited.get()>
                <div class="picks">
                    <Show when=move || many.get()>
                        <input
                            type="search"
                            class="input"
                            autocomplete="off"
                            aria-label=move || t_string!(i18n, keys.form.groups_search)
                            placeholder=move || t_string!(i18n, keys.form.groups_search)
                            prop:value=search
                            on:input:target=move |event| search.set(event.target().value())
                        />
                    </Show>
                    <div class="picks-list">
                        <For each=move || found.get() key=|(id, _)| *id let((id, name))>
                            <label class="check" data-group=name.clone()>
                                <input
                                    type="checkbox"
                                    prop:checked=move || draft.groups.with(|chosen| chosen.contains(&id))
                                    on:change:target=move |event| choose(
                                        draft.groups,
                                        id,
                                        event.target().checked(),
                                    )
                                />
                                <code>{name.clone()}</code>
                            </label>
                        </For>
                        {move || empty().map(|text| view! { <p class="minor">{text}</p> })}
                    </div>
                </div>
            </Show>
            <p class="field-error" id="key-groups-error" role="status">{error}</p>
        </fieldset>
    }
}
