//! One of a few choices that need an explanation each, as cards side by side. They are radio buttons: arrows move within, one tab stop leads on.

use leptos::prelude::*;

use crate::components::icon::{Glyph, Icon};

/// One choice.
#[derive(Clone)]
pub struct Segment {
    /// Its value.
    pub value: &'static str,
    /// Its picture.
    pub icon: Option<Icon>,
    /// Its name.
    pub title: Signal<String>,
    /// What it means.
    pub text: Signal<String>,
}

/// The cards.
#[component]
pub fn Segmented(
    /// Id of the group, prefix of the ids of its radio buttons, and their name.
    #[prop(into)]
    id: String,
    /// What is chosen.
    #[prop(into)]
    label: Signal<String>,
    /// The value, both ways.
    value: RwSignal<String>,
    /// What there is to choose from.
    segments: Vec<Segment>,
    /// Whether the label is unseen, as a heading says the same.
    #[prop(optional)]
    bare: bool,
    /// What is wrong with the value.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
) -> impl IntoView {
    let error_id = format!("{id}-error");
    let name = id.clone();
    let cards = segments
        .into_iter()
        .map(|segment| {
            let Segment { value: own, icon, title, text } = segment;
            let input_id = format!("{name}-{own}");
            let text_id = format!("{input_id}-text");
            view! {
                <label class="segment" data-value=own>
                    <input
                        id=input_id
                        type="radio"
                        name=name.clone()
                        value=own
                        aria-describedby=text_id.clone()
                        prop:checked=move || value.get() == own
                        on:change=move |_| value.set(own.to_owned())
                    />
                    <span class="segment-title">{icon.map(|icon| view! { <Glyph icon /> })} {title}</span>
                    <span class="segment-text" id=text_id>
                        {text}
                    </span>
                </label>
            }
        })
        .collect_view();
    view! {
        <fieldset class="segments" id=id aria-describedby=error_id.clone()>
            <legend class:unseen=bare>{label}</legend>
            <div class="segment-cards">{cards}</div>
            <p id=error_id.clone() class="field-error">{error}</p>
        </fieldset>
    }
}
