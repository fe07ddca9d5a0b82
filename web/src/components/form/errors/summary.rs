//! What stands at the top of a form that could not be saved, and the words for it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::super::pairs::PairFault;
use super::{Fault, FormErrors, Place};
use crate::address::BadAddress;
use crate::components::badge::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_string, use_i18n, words};

/// The words for a fault.
pub fn say(i18n: words::Words, fault: &Fault) -> String {
    match fault {
        Fault::Rule(error) => words::rule(i18n, error),
        Fault::Required => t_string!(i18n, form.required).to_owned(),
        Fault::NotANumber => t_string!(i18n, form.not_a_number).to_owned(),
        Fault::Said(text) => text.get(),
        Fault::Address(fault) => match fault {
            BadAddress::Empty => t_string!(i18n, form.required),
            BadAddress::Scheme => t_string!(i18n, form.address.scheme),
            BadAddress::Host => t_string!(i18n, form.address.host),
            BadAddress::Port => t_string!(i18n, form.address.port),
        }
        .to_owned(),
        Fault::Pair(fault) => match fault {
            PairFault::NameMissing => t_string!(i18n, form.pairs.name_missing),
            PairFault::NameTwice => t_string!(i18n, form.pairs.name_twice),
            PairFault::ValueMissing => t_string!(i18n, form.pairs.value_missing),
            PairFault::NotJson => t_string!(i18n, form.pairs.not_json),
            PairFault::NotAnObject => t_string!(i18n, form.pairs.not_an_object),
            PairFault::NotText => t_string!(i18n, form.pairs.not_text),
        }
        .to_owned(),
    }
}

/// What stands at the top of a form that could not be saved: every fault, with a way to its field.
#[component]
pub fn ErrorSummary(
    /// The faults.
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let shown = Memo::new(move |_| errors.shown());
    let line = move |place: Place| {
        let text = {
            let fault = place.fault.clone();
            move || say(i18n, &fault)
        };
        match place.id {
            Some(id) => {
                let href = format!("#{id}");
                let label = {
                    let id = id.clone();
                    move || {
                        i18n.get_locale();
                        label_of(&id)
                    }
                };
                let go = move |event: leptos::ev::MouseEvent| {
                    event.prevent_default();
                    focus_field(&id);
                };
                view! {
                    <li>
                        <a href=href rel="external" on:click=go>
                            {label}
                        </a>
                        ": "
                        {text}
                    </li>
                }
                .into_any()
            }
            None => {
                let pointer = match &place.fault {
                    Fault::Rule(error) => error.pointer.clone(),
                    _ => String::new(),
                };
                view! { <li><code>{pointer}</code> " " {text}</li> }.into_any()
            }
        }
    };
    view! {
        <div class="error-summary" id="form-errors" tabindex="-1" node_ref=errors.summary>
            {move || errors.problem.get().map(|error| view! { <ErrorNotice error /> })}
            {move || {
                let places = shown.get();
                (!places.is_empty())
                    .then(|| {
                        view! {
                            <div class="notice" data-tone=Tone::Bad.as_str() role="alert">
                                <Glyph icon=Icon::Warning />
                                <div class="notice-body">
                                    <p class="notice-title">{t!(i18n, form.summary)}</p>
                                    <ul>{places.into_iter().map(line).collect_view()}</ul>
                                </div>
                            </div>
                        }
                    })
            }}
        </div>
    }
}

/// What a field is called on the page.
fn label_of(id: &str) -> String {
    let label = document().query_selector(&format!(
        "label[for=\"{id}\"], #{id} > legend, #{id}-legend"
    ));
    let label = label.ok().flatten().and_then(|label| label.text_content());
    // Without the mark of what is required.
    label
        .unwrap_or_default()
        .split(" *")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Moves the focus to a field, and opens whatever it is folded away in.
pub fn focus_field(id: &str) {
    let Some(field) = document().get_element_by_id(id) else {
        return;
    };
    let mut around = field.parent_element();
    while let Some(element) = around {
        if element.tag_name().eq_ignore_ascii_case("details") {
            let _ = element.set_attribute("open", "");
        }
        around = element.parent_element();
    }
    if let Some(field) = field.dyn_ref::<HtmlElement>() {
        let _ = field.focus();
    }
}
