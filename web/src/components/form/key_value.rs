//! The editor of [`Pairs`]: a row for each name and value, or the whole as JSON.

use leptos::prelude::*;

use super::errors::FormErrors;
use super::field::invalid;
use super::focus_field;
use super::pairs::{JsonKind, PairRow, Pairs, Values, json_kind};
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// The editor. Its rows have the ids `{id}-{key}-name` and `{id}-{key}-value`, its JSON `{id}-raw`.
#[component]
pub fn KeyValueEditor(
    /// Id of the whole.
    #[prop(into)]
    id: String,
    /// What is edited.
    #[prop(into)]
    label: Signal<String>,
    /// What is typed.
    pairs: Pairs,
    /// What it is for, with an example.
    #[prop(optional, into)]
    hint: Option<Signal<String>>,
    /// An example of a name and of a value.
    #[prop(optional)]
    example: (&'static str, &'static str),
    /// What is wrong, by id.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let error = errors.at(id.clone());
    let stuck = RwSignal::new(false);
    let is_raw = Memo::new(move |_| pairs.raw.with(Option::is_some));
    let has_raw = pairs.values == Values::Json;
    let add = {
        let id = id.clone();
        move |_| {
            let key = pairs.add();
            let id = id.clone();
            request_animation_frame(move || focus_field(&format!("{id}-{key}-name")));
        }
    };
    let toggle = move |_| {
        let done = if is_raw.get_untracked() {
            pairs.to_rows()
        } else {
            pairs.to_raw()
        };
        stuck.set(done.is_err());
    };
    let body = {
        let id = id.clone();
        move || {
            if is_raw.get() {
                return view! { <Raw id=id.clone() pairs label errors /> }.into_any();
            }
            let id = id.clone();
            view! {
                <div class="pairs">
                    <For each=move || pairs.rows.get() key=|row| row.key let:row>
                        <Row id=id.clone() row pairs errors example />
                    </For>
                </div>
            }
            .into_any()
        }
    };
    let legend_id = format!("{id}-legend");
    let hint_id = format!("{id}-hint");
    let error_id = format!("{id}-error");
    view! {
        <div
            class="field key-value"
            id=id
            role="group"
            tabindex="-1"
            aria-labelledby=legend_id.clone()
            aria-describedby=hint_id.clone()
        >
            <span class="label" id=legend_id.clone()>
                {label}
            </span>
            {hint.map(|hint| view! { <p id=hint_id.clone() class="hint">{hint}</p> })}
            {body}
            <p id=error_id class="field-error">{error}</p>
            <p class="field-error" role="status">
                {move || stuck.get().then(|| t_string!(i18n, form.pairs.stuck))}
            </p>
            <div class="field-actions">
                <Show when=move || !is_raw.get()>
                    <button type="button" class="button small" data-action="add" on:click=add.clone()>
                        <Glyph icon=Icon::Plus />
                        {t!(i18n, form.pairs.add)}
                    </button>
                </Show>
                {has_raw
                    .then(|| {
                        view! {
                            <button type="button" class="button quiet small" data-action="raw" on:click=toggle>
                                {move || {
                                    if is_raw.get() {
                                        t_string!(i18n, form.pairs.as_rows)
                                    } else {
                                        t_string!(i18n, form.pairs.as_json)
                                    }
                                }}
                            </button>
                        }
                    })}
            </div>
        </div>
    }
}

#[component]
fn Raw(id: String, pairs: Pairs, label: Signal<String>, errors: FormErrors) -> impl IntoView {
    let raw_id = format!("{id}-raw");
    let error = errors.at(raw_id.clone());
    let error_id = format!("{raw_id}-error");
    view! {
        <textarea
            id=raw_id
            class="input area code"
            rows="6"
            spellcheck="false"
            aria-label=label
            aria-invalid=invalid(error)
            aria-describedby=error_id.clone()
            prop:value=move || pairs.raw.get().unwrap_or_default()
            on:input:target=move |event| pairs.raw.set(Some(event.target().value()))
        ></textarea>
        <p id=error_id class="field-error">{error}</p>
    }
}

#[component]
fn Row(
    id: String,
    row: PairRow,
    pairs: Pairs,
    errors: FormErrors,
    example: (&'static str, &'static str),
) -> impl IntoView {
    let i18n = use_i18n();
    let PairRow { key, name, value } = row;
    let name_id = format!("{id}-{key}-name");
    let value_id = format!("{id}-{key}-value");
    let name_error = errors.at(name_id.clone());
    let value_error = errors.at(value_id.clone());
    let name_error_id = format!("{name_id}-error");
    let value_error_id = format!("{value_id}-error");
    let is_json = pairs.values == Values::Json;
    let kind = move || {
        let words = match json_kind(&value.read())? {
            JsonKind::Number => t_string!(i18n, form.pairs.number),
            JsonKind::Text => t_string!(i18n, form.pairs.text),
            JsonKind::Bool => t_string!(i18n, form.pairs.bool),
            JsonKind::Array => t_string!(i18n, form.pairs.array),
            JsonKind::Object => t_string!(i18n, form.pairs.object),
            JsonKind::Null => t_string!(i18n, form.pairs.null),
        };
        Some(words)
    };
    let remove = move |_| {
        // The focus goes to the button that adds, which is always there.
        pairs.remove(key);
        request_animation_frame({
            let id = id.clone();
            move || focus_field(&id)
        });
    };
    view! {
        <div class="pair">
            <div class="field">
                <label class="unseen" for=name_id.clone()>
                    {t!(i18n, form.pairs.name)}
                </label>
                <input
                    id=name_id
                    class="input code"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    placeholder=example.0
                    aria-invalid=invalid(name_error)
                    aria-describedby=name_error_id.clone()
                    prop:value=name
                    on:input:target=move |event| name.set(event.target().value())
                />
                <p id=name_error_id class="field-error">{name_error}</p>
            </div>
            <div class="field">
                <label class="unseen" for=value_id.clone()>
                    {move || t_string!(i18n, form.pairs.value_of, name = name.get())}
                </label>
                <span class="with-unit">
                    <input
                        id=value_id
                        class="input code"
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder=example.1
                        aria-invalid=invalid(value_error)
                        aria-describedby=value_error_id.clone()
                        prop:value=value
                        on:input:target=move |event| value.set(event.target().value())
                    />
                    {is_json.then(|| view! { <span class="unit">{kind}</span> })}
                </span>
                <p id=value_error_id class="field-error">{value_error}</p>
            </div>
            <button
                type="button"
                class="button quiet icon-only"
                data-action="remove"
                aria-label=move || t_string!(i18n, form.pairs.remove, name = name.get())
                title=move || t_string!(i18n, form.remove)
                on:click=remove
            >
                <Glyph icon=Icon::Trash />
            </button>
        </div>
    }
}
