//! The key, this once: to be copied, and tried in a request that works as it stands.

use leptos::prelude::*;
use understudy_shared::{ApiKeyScope, CreatedApiKey};

use super::GroupNames;
use crate::browser;
use crate::components::copy::CopyButton;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use crate::snippets::Example;

/// What the dialog shows after the key was made.
#[component]
pub fn Made(
    /// The key.
    made: RwSignal<Option<CreatedApiKey>>,
    /// Whether the person has it.
    stored: RwSignal<bool>,
    /// Names of the groups.
    groups: GroupNames,
    /// Closes the dialog.
    #[prop(into)]
    on_done: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let secret = Signal::derive(move || {
        made.with(|made| {
            made.as_ref()
                .map(|made| made.key.clone())
                .unwrap_or_default()
        })
    });
    let asks = made.with_untracked(|made| {
        made.as_ref()
            .is_some_and(|made| made.scopes.contains(&ApiKeyScope::Gateway))
    });
    view! {
        <div class="modal-body">
            <p class="key-warning">
                <Glyph icon=Icon::Warning />
                <span>{t!(i18n, keys.made.warning)}</span>
            </p>
            <div class="field">
                <label for="key-value">{t!(i18n, keys.made.key)}</label>
                <span class="with-button">
                    // The value is a property: it stands in no markup.
                    <input
                        id="key-value"
                        class="input code"
                        readonly
                        autocomplete="off"
                        spellcheck="false"
                        prop:value=secret
                        on:focus:target=move |event| event.target().select()
                    />
                    <CopyButton text=secret target="key-value" />
                </span>
            </div>
            {asks.then(|| view! { <Examples made secret groups /> })}
            <label class="check">
                <input
                    type="checkbox"
                    id="key-stored"
                    prop:checked=stored
                    on:change:target=move |event| stored.set(event.target().checked())
                />
                {t!(i18n, keys.made.stored)}
            </label>
        </div>
        <footer class="modal-foot">
            <button
                type="button"
                class="button primary"
                data-action="done"
                aria-disabled=move || (!stored.get()).then_some("true")
                on:click=move |_| {
                    if stored.get_untracked() {
                        on_done.run(());
                    }
                }
            >
                {t!(i18n, keys.made.close)}
            </button>
        </footer>
    }
}

#[component]
fn Examples(
    made: RwSignal<Option<CreatedApiKey>>,
    secret: Signal<String>,
    groups: GroupNames,
) -> impl IntoView {
    let i18n = use_i18n();
    let chosen = RwSignal::new(Example::Curl);
    let model = RwSignal::new(None::<String>);
    // Those that the key may ask.
    let names = Memo::new(move |_| {
        let limit = made.with(|made| made.as_ref().and_then(|made| made.group_ids.clone()));
        let all = groups.value().unwrap_or_default();
        all.into_iter()
            .filter(|(id, _)| limit.as_ref().is_none_or(|limit| limit.contains(id)))
            .map(|(_, name)| name)
            .collect::<Vec<_>>()
    });
    let shown_model = Signal::derive(move || {
        model
            .get()
            .or_else(|| names.with(|names| names.first().cloned()))
            .unwrap_or_else(|| t_string!(i18n, keys.made.no_model).to_owned())
    });
    let text = Signal::derive(move || {
        let origin = browser::origin();
        chosen
            .get()
            .text(&origin, &secret.get(), &shown_model.get())
    });
    let tab = move |example: Example| {
        view! {
            <label>
                <input
                    type="radio"
                    name="key-example"
                    value=example.name()
                    prop:checked=move || chosen.get() == example
                    on:change=move |_| chosen.set(example)
                />
                <span>{example.name()}</span>
            </label>
        }
    };
    view! {
        <div class="key-examples">
            <div class="key-examples-head">
                <fieldset class="switch">
                    <legend class="unseen">{t!(i18n, keys.made.example)}</legend>
                    {Example::FIRST.into_iter().map(tab).collect_view()}
                </fieldset>
                <Show when=move || names.with(|names| names.len() > 1)>
                    <select
                        class="input select"
                        aria-label=move || t_string!(i18n, keys.made.model)
                        on:change:target=move |event| model.set(Some(event.target().value()))
                    >
                        <For each=move || names.get() key=String::clone let:name>
                            <option value=name.clone()>{name.clone()}</option>
                        </For>
                    </select>
                </Show>
            </div>
            <div class="key-example">
                // It can be scrolled, so it can be focused.
                <pre id="key-example" tabindex="0" role="region" aria-label=move || t_string!(i18n, keys.made.example)>
                    <code>{text}</code>
                </pre>
                <CopyButton text target="key-example" />
            </div>
        </div>
    }
}
