//! Which field is at fault: what the form finds itself while one types, and what the service refuses.
//!
//! A fault is shown once its field was left or saving was tried, and what the service said goes away as soon as its field changes. The form
//! hands its `input` and `focusout` events to [`FormErrors::on_input`] and [`FormErrors::on_left`]; fields are known by their DOM ids.

mod route;
mod summary;

use std::collections::HashSet;
use std::time::Duration;

use leptos::ev::{self, Event, FocusEvent};
use leptos::html::Div;
use leptos::prelude::*;
use understudy_shared::{FieldError, FieldRule};
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::pairs::PairFault;
use crate::address::BadAddress;
use crate::api::ApiError;
use crate::i18n::use_i18n;

pub use route::{RowKeys, ids_of, route};
use summary::say;
pub use summary::{ErrorSummary, focus_field};

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A rule that form and service share, or that only the service knows.
    Rule(Box<FieldError>),
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
    pressed: StoredValue<bool>,
    /// Fields that were left while a pointer was pressed.
    waiting: StoredValue<Vec<String>>,
    summary: NodeRef<Div>,
}

impl FormErrors {
    /// `find` looks for the faults that the form finds by itself; it runs again whenever what it reads changes.
    pub fn new(find: impl Fn() -> Vec<Place> + Send + Sync + 'static) -> Self {
        let errors = Self {
            found: Memo::new(move |_| find()),
            refused: RwSignal::new(Vec::new()),
            problem: RwSignal::new(None),
            tried: RwSignal::new(false),
            left: RwSignal::new(HashSet::new()),
            pressed: StoredValue::new(false),
            waiting: StoredValue::new(Vec::new()),
            summary: NodeRef::new(),
        };
        errors.watch_pointer();
        errors
    }

    fn watch_pointer(self) {
        let release = move || {
            self.pressed.try_set_value(false);
            // The click follows the release, and is told to whom it was meant for before anything moves.
            set_timeout(
                move || {
                    let waiting = self.waiting.try_update_value(std::mem::take);
                    waiting
                        .into_iter()
                        .flatten()
                        .for_each(|id| self.mark_left(id));
                },
                Duration::ZERO,
            );
        };
        let down = window_event_listener(ev::pointerdown, move |_| {
            self.pressed.try_set_value(true);
        });
        let up = window_event_listener(ev::pointerup, move |_| release());
        let cancel = window_event_listener(ev::pointercancel, move |_| release());
        on_cleanup(move || [down, up, cancel].into_iter().for_each(|one| one.remove()));
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
                fault: Fault::Rule(Box::new(error.clone())),
            })
            .collect();
        self.problem.set(places.is_empty().then_some(error));
        self.refuse_with(places);
    }

    /// Shows what the service refused, at these places.
    pub fn refuse_with(self, places: Vec<Place>) {
        self.tried.set(true);
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
    /// Not while the pointer that took the focus away is pressed: what it points at would move from under it, and the click be lost.
    pub fn on_left(self, event: &FocusEvent) {
        let Some(id) = target_id(event) else { return };
        if self.pressed.get_value() {
            self.waiting.update_value(|waiting| waiting.push(id));
        } else {
            self.mark_left(id);
        }
    }

    fn mark_left(self, id: String) {
        // A field that nobody filled in is not wrong yet.
        let wrong = self.found.try_with_untracked(|places| {
            places
                .iter()
                .any(|place| place.id.as_ref() == Some(&id) && !place.fault.is_missing())
        });
        if wrong == Some(true) {
            self.left.try_update(|left| left.insert(id));
        }
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
