//! Nothing that was typed is lost by leaving: whoever leaves a form with changes in it is asked first, whichever way they leave.
//!
//! Rules: a form has changes when it differs from what was loaded, not when somebody touched it. Ways within the application (links, back and
//! forward) ask in a dialog of our own; closing, reloading and other sites ask in the browser's, which says its own words. A page that
//! leaves by itself after saving is not asked.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlAnchorElement, MouseEvent};

use super::confirm::{Confirm, Question, use_confirm};
use crate::browser;
use crate::i18n::{Locale, t_string, tu_string, use_i18n};

/// A form that is watched.
#[derive(Clone)]
struct Watched {
    dirty: Signal<bool>,
    /// Where it stands: path and query.
    address: String,
    path: String,
}

/// Knows the form on the page that must not be left without asking, if there is one.
#[derive(Clone, Copy)]
pub struct Unsaved {
    watched: StoredValue<Option<Watched>>,
    /// The next step through the history was agreed to.
    agreed: StoredValue<bool>,
    confirm: Confirm,
    i18n: leptos_i18n::I18nContext<Locale>,
}

impl Unsaved {
    /// Watches the form of this page until the page is left.
    pub fn watch(self, dirty: Signal<bool>) {
        // The router's: the browser's own follows when the page is there.
        let location = use_location();
        let path = location.pathname.get_untracked();
        let query = location.search.get_untracked();
        let separator = if query.is_empty() { "" } else { "?" };
        let address = format!("{path}{separator}{query}");
        self.watched.set_value(Some(Watched {
            dirty,
            address,
            path: path.clone(),
        }));
        on_cleanup(move || {
            // The next page may have begun already.
            self.watched.try_update_value(|watched| {
                if watched.as_ref().is_some_and(|watched| watched.path == path) {
                    *watched = None;
                }
            });
        });
    }

    /// Whether something would be lost.
    pub fn is_dirty(self) -> bool {
        self.dirty_form().is_some()
    }

    /// Asks, if something would be lost; true if the page may be left.
    pub async fn may_leave(self) -> bool {
        if !self.is_dirty() {
            return true;
        }
        let i18n = self.i18n;
        let question = Question::new(
            tu_string!(i18n, form_page.leave.title),
            tu_string!(i18n, form_page.leave.confirm),
        );
        let body = move || t_string!(i18n, form_page.leave.body);
        self.confirm.ask(question.body(body).danger()).await
    }

    fn dirty_form(self) -> Option<Watched> {
        let watched = self.watched.try_get_value().flatten()?;
        let dirty = watched.dirty.try_get_untracked().unwrap_or(false);
        dirty.then_some(watched)
    }
}

/// Makes the guard known everywhere below, and stands in the ways out that lead past the router; called before there is one.
pub fn provide_unsaved() -> Unsaved {
    let unsaved = Unsaved {
        watched: StoredValue::new(None),
        agreed: StoredValue::new(false),
        confirm: use_confirm(),
        i18n: use_i18n(),
    };
    provide_context(unsaved);
    guard_history(unsaved);
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if unsaved.is_dirty() {
            event.prevent_default();
            event.set_return_value("unsaved");
        }
    });
    on_cleanup(move || leaving.remove());
    unsaved
}

/// Holds back and forward steps of the browser back.
///
/// Before there is a router: events of the window itself reach its listeners in the order in which those were added, whatever the phase.
fn guard_history(unsaved: Unsaved) {
    browser::listen_first("popstate", move |event| {
        if unsaved.agreed.get_value() {
            unsaved.agreed.set_value(false);
            return;
        }
        let Some(form) = unsaved.dirty_form() else {
            return;
        };
        if window().location().pathname().as_ref() == Ok(&form.path) {
            return;
        }
        event.stop_immediate_propagation();
        // The browser has gone already: the form's address is put on top of where it went, which is one step back from then on.
        let history = window().history();
        if let Ok(history) = &history {
            let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&form.address));
        }
        spawn_local(async move {
            if unsaved.may_leave().await
                && let Ok(history) = history
            {
                unsaved.agreed.set_value(true);
                let _ = history.back();
            }
        });
    });
}

/// Stands in the way of links; once, inside the router.
pub fn guard_links(unsaved: Unsaved) {
    let navigate = use_navigate();
    // Before the router, which listens at the end of the way and must not see what is held back.
    browser::listen_first("click", move |event| {
        let Some(path) = unsaved
            .dirty_form()
            .and_then(|form| link(&event, &form.path))
        else {
            return;
        };
        event.prevent_default();
        event.stop_immediate_propagation();
        let navigate = navigate.clone();
        spawn_local(async move {
            if unsaved.may_leave().await {
                navigate(&path, NavigateOptions::default());
            }
        });
    });
}

/// The guard of this application.
pub fn use_unsaved() -> Unsaved {
    expect_context::<Unsaved>()
}

/// Where a click leads that the router would follow away from the page at `path`.
fn link(event: &Event, path: &str) -> Option<String> {
    let click = event.dyn_ref::<MouseEvent>()?;
    let modified = click.meta_key() || click.alt_key() || click.ctrl_key() || click.shift_key();
    if click.button() != 0 || modified || event.default_prevented() {
        return None;
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let anchor = target.closest("a[href]").ok().flatten()?;
    let anchor = anchor.dyn_into::<HtmlAnchorElement>().ok()?;
    let rel = anchor.get_attribute("rel").unwrap_or_default();
    let by_browser = !anchor.target().is_empty()
        || anchor.has_attribute("download")
        || rel.split_whitespace().any(|word| word == "external");
    let ours = window().location().origin().as_ref() == Ok(&anchor.origin());
    let away = anchor.pathname() != path;
    (ours && away && !by_browser)
        .then(|| format!("{}{}{}", anchor.pathname(), anchor.search(), anchor.hash()))
}
