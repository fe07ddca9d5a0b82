//! Which field is at fault: what the form finds itself while one types, and what the service refuses.
//!
//! A fault is shown once its field was left or saving was tried, and what the service said goes away as soon as its field changes. The form
//! hands its `input` and `focusout` events to [`FormErrors::on_input`] and [`FormErrors::on_left`]; fields are known by their DOM ids.

use std::collections::HashSet;
use std::time::Duration;

use leptos::ev::{Event, FocusEvent};
use leptos::html::Div;
use leptos::prelude::*;
use understudy_shared::{FieldError, FieldRule};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::pairs::PairFault;
use crate::address::BadAddress;
use crate::api::ApiError;
use crate::components::badge::Tone;
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::ErrorNotice;
use crate::i18n::{t, t_string, use_i18n, words};

/// How long a press of a pointer takes.
const PRESS: Duration = Duration::from_millis(200);

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A rule that form and service share, or that only the service knows.
    Rule(FieldError),
    /// Nothing is typed.
    Required,
    /// It is no number.
    NotANumber,
    /// Something about names and values.
    Pair(PairFault),
    /// It is no address.
    Address(BadAddress),
    /// Words of the form's own.
    Said(Signal<String>),
}

impl Fault {
    /// Whether it says no more than that nothing is typed yet.
    fn is_missing(&self) -> bool {
        match self {
            Self::Required => true,
            Self::Rule(error) => matches!(
                error.rule,
                FieldRule::Required | FieldRule::SecretMissing | FieldRule::SecretAgain
            ),
            _ => false,
        }
    }
}

/// A place in the form: the id of a field, or none for the form as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The field, if the form has it.
    pub id: Option<String>,
    /// What is wrong with it.
    pub fault: Fault,
}

/// All faults of one form.
#[derive(Clone, Copy)]
pub struct FormErrors {
    found: Memo<Vec<Place>>,
    refused: RwSignal<Vec<Place>>,
    problem: RwSignal<Option<ApiError>>,
    tried: RwSignal<bool>,
    left: RwSignal<HashSet<String>>,
    summary: NodeRef<Div>,
}

impl FormErrors {
    /// `find` looks for the faults that the form finds by itself; it runs again whenever what it reads changes.
    pub fn new(find: impl Fn() -> Vec<Place> + Send + Sync + 'static) -> Self {
        Self {
            found: Memo::new(move |_| find()),
            refused: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            tried: RwSignal::new(false),
            left: RwSignal::new(HashSet::new()),
            summary: NodeRef::new(),
        }
    }

    /// What is wrong with the field `id`, in the language of the screen.
    pub fn at(self, id: impl Into<String>) -> Signal<Option<String>> {
        let i18n = use_i18n();
        let id = id.into();
        let fault = Memo::new(move |_| {
            let mine = |place: &&Place| place.id.as_deref() == Some(&*id);
            let refused = self
                .refused
                .with(|places| places.iter().find(mine).map(|place| place.fault.clone()));
            if refused.is_some() {
                return refused;
            }
            let shown = self.tried.get() || self.left.with(|left| left.contains(&id));
            let found = || {
                self.found
                    .with(|places| places.iter().find(mine).map(|place| place.fault.clone()))
            };
            shown.then(found).flatten()
        });
        Signal::derive(move || fault.get().map(|fault| say(i18n, &fault)))
    }

    /// Whether the form finds no fault by itself. If it does, everything is shown and the focus goes to the summary.
    pub fn pass(self) -> bool {
        self.pass_but(&[])
    }

    /// As [`Self::pass`], whatever is wrong with these fields.
    pub fn pass_but(self, ignored: &[&str]) -> bool {
        self.refused.set(Vec::new());
        self.problem.set(None);
        let counts = |place: &Place| !place.id.as_deref().is_some_and(|id| ignored.contains(&id));
        if !self.found.with_untracked(|found| found.iter().any(counts)) {
            return true;
        }
        self.tried.set(true);
        self.focus_summary();
        false
    }

    /// Takes what the service refused. `route` finds the field of a pointer.
    pub fn refuse(self, error: ApiError, route: impl Fn(&str) -> Option<String>) {
        let places: Vec<Place> = error
            .problem()
            .map(|problem| problem.errors.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|error| Place {
                id: route(&error.pointer),
                fault: Fault::Rule(error.clone()),
            })
            .collect();
        self.tried.set(true);
        self.problem.set(places.is_empty().then_some(error));
        self.refused.set(places);
        self.focus_summary();
    }

    /// Forgets everything, as for a form that is filled anew.
    pub fn clear(self) {
        self.refused.set(Vec::new());
        self.problem.set(None);
        self.tried.set(false);
        self.left.set(HashSet::new());
    }

    /// A field changes: what the service said of it is over.
    pub fn on_input(self, event: &Event) {
        let Some(id) = target_id(event) else { return };
        let mine = |place: &Place| place.id.as_ref() == Some(&id);
        if self
            .refused
            .with_untracked(|places| places.iter().any(mine))
        {
            self.refused
                .update(|places| places.retain(|place| !mine(place)));
        }
    }

    /// A field is left: from now on it says what is wrong with it.
    ///
    /// Not at once: the pointer that took the focus away may still be pressed, and what it points at would move from under it.
    pub fn on_left(self, event: &FocusEvent) {
        let Some(id) = target_id(event) else { return };
        let mark = move || {
            // A field that nobody filled in is not wrong yet.
            let wrong = self.found.try_with_untracked(|places| {
                places
                    .iter()
                    .any(|place| place.id.as_ref() == Some(&id) && !place.fault.is_missing())
            });
            if wrong == Some(true) {
                self.left.try_update(|left| left.insert(id));
            }
        };
        set_timeout(mark, PRESS);
    }

    fn focus_summary(self) {
        request_animation_frame(move || {
            if let Some(Some(summary)) = self.summary.try_get_untracked() {
                let _ = summary.focus();
                summary.scroll_into_view();
            }
        });
    }

    /// Everything that is shown in the summary.
    fn shown(self) -> Vec<Place> {
        let mut places = self.refused.get();
        if self.tried.get() {
            places.extend(self.found.get());
        }
        places
    }
}

fn target_id(event: &Event) -> Option<String> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    let id = element.id();
    (!id.is_empty()).then_some(id)
}

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

/// Rows of the form that a pointer names by something else than their keys: by their place in a list, or by a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowKeys {
    /// Pointer to the list or object.
    pub pointer: &'static str,
    /// The last step of each row's pointer, and the row's key.
    pub rows: Vec<(String, u32)>,
    /// What the id of a row itself ends with, such as `value`; empty if rows have ids of their own.
    pub part: &'static str,
}

/// The ids that the field at `pointer` may have, the most precise first: `/endpoint/host` is `endpoint-host`, and `/tokens/1/value` is
/// `tokens-7-value` if the second row has the key 7.
pub fn ids_of(pointer: &str, lists: &[RowKeys]) -> Vec<String> {
    let plain = |pointer: &str| pointer.trim_start_matches('/').replace(['/', '_'], "-");
    let mut ids = Vec::new();
    for list in lists {
        let Some(rest) = pointer
            .strip_prefix(list.pointer)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let (step, field) = rest.split_once('/').unwrap_or((rest, ""));
        let step = step.replace("~1", "/").replace("~0", "~");
        let Some((_, key)) = list.rows.iter().find(|(name, _)| *name == step) else {
            continue;
        };
        let row = format!("{}-{key}", plain(list.pointer));
        if !field.is_empty() {
            ids.push(format!("{row}-{}", plain(field)));
        }
        if !list.part.is_empty() {
            ids.push(format!("{row}-{}", list.part));
        }
        ids.push(row);
    }
    let mut rest = pointer;
    while !rest.is_empty() {
        let id = plain(rest);
        if lists.iter().any(|list| list.pointer == rest) {
            ids.push(format!("{id}-raw"));
        }
        ids.push(id);
        rest = rest.rfind('/').and_then(|at| rest.get(..at)).unwrap_or("");
    }
    ids
}

/// The field of the page that is meant by `pointer`.
pub fn route(pointer: &str, lists: &[RowKeys]) -> Option<String> {
    ids_of(pointer, lists)
        .into_iter()
        .find(|id| document().get_element_by_id(id).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists() -> Vec<RowKeys> {
        vec![
            RowKeys {
                pointer: "/tokens",
                rows: vec![("0".to_owned(), 7), ("1".to_owned(), 4)],
                part: "",
            },
            RowKeys {
                pointer: "/parameters/defaults",
                rows: vec![("a/b".to_owned(), 2)],
                part: "value",
            },
        ]
    }

    #[test]
    fn pointers_become_ids() {
        assert_eq!(
            ids_of("/endpoint/base_path", &lists()),
            ["endpoint-base-path", "endpoint"]
        );
        assert_eq!(ids_of("/name", &lists()), ["name"]);
        assert_eq!(ids_of("", &lists()), Vec::<String>::new());
    }

    #[test]
    fn rows_are_found_by_their_keys_wherever_they_stand() {
        let ids = ids_of("/tokens/1/value", &lists());
        assert_eq!(ids[..2], ["tokens-4-value", "tokens-4"]);
        assert_eq!(ids.last().unwrap(), "tokens");
        assert_eq!(ids_of("/tokens/0", &lists())[0], "tokens-7");
        assert_eq!(ids_of("/tokens", &lists()), ["tokens-raw", "tokens"]);
        assert_eq!(
            ids_of("/parameters/defaults/a~1b", &lists())[0],
            "parameters-defaults-2-value"
        );
    }

    #[test]
    fn a_row_that_is_not_there_leads_to_its_list() {
        let ids = ids_of("/tokens/9/value", &lists());
        assert!(!ids.iter().any(|id| id.starts_with("tokens-4")));
        assert_eq!(ids.last().unwrap(), "tokens");
    }
}
