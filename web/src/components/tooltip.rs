//! A few words about what the pointer or the focus is on: the name of a button that is only an icon, or the whole of a text that is cut off.
//!
//! Any element can have one, by an attribute: `data-tip="text"` always shows it, `data-tip-cut="text"` only while the element is too narrow for its
//! content. One listener of the document serves all of them, so a table of hundreds of rows pays nothing for it.
//!
//! Rules (WCAG 1.4.13): it appears for the keyboard as for the pointer, stays while the pointer is on it, goes with Escape. It only repeats for
//! the eye what the element says to everybody by its label or content, so it is hidden from screen readers.

use std::time::Duration;

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::web_sys::{Element, EventTarget, HtmlElement};
use wasm_bindgen::JsCast;

/// How long the pointer rests on something before its tooltip appears.
const DELAY: Duration = Duration::from_millis(400);

/// The tooltip; once in the application.
#[component]
pub fn TooltipHost() -> impl IntoView {
    let text = RwSignal::new(None::<String>);
    let node = NodeRef::<Div>::new();
    // What the tooltip is about, or will be when the pointer stays.
    let about = StoredValue::new_local(None::<HtmlElement>);
    let waiting = StoredValue::new_local(None::<TimeoutHandle>);
    let forget = move || {
        if let Some(waiting) = waiting.try_update_value(Option::take).flatten() {
            waiting.clear();
        }
    };
    let hide = move || {
        forget();
        about.set_value(None);
        if text.with_untracked(Option::is_some) {
            text.set(None);
        }
    };
    let show = move || {
        let Some(Some(element)) = about.try_get_value() else {
            return;
        };
        let Some(words) = tip(&element) else { return };
        text.set(Some(words));
        if let Some(node) = node.get_untracked() {
            let _ = node.show_popover();
            place(&node, &element);
        }
    };
    Effect::new(move || {
        if text.with(Option::is_none)
            && let Some(node) = node.get()
        {
            let _ = node.hide_popover();
        }
    });
    let enter = move |target: Option<EventTarget>, at_once: bool| {
        let Some(target) = target.and_then(|target| target.dyn_into::<Element>().ok()) else {
            return;
        };
        if node
            .get_untracked()
            .is_some_and(|node| node.contains(Some(&target)))
        {
            return;
        }
        let found = target
            .closest("[data-tip],[data-tip-cut]")
            .ok()
            .flatten()
            .and_then(|element| element.dyn_into::<HtmlElement>().ok());
        if found.is_some() && found == about.get_value() {
            return;
        }
        hide();
        if let Some(element) = found.filter(|element| tip(element).is_some()) {
            about.set_value(Some(element));
            if at_once {
                show();
            } else if let Ok(handle) = set_timeout_with_handle(show, DELAY) {
                waiting.set_value(Some(handle));
            }
        }
    };
    let listeners = [
        window_event_listener(ev::pointerover, move |event| {
            // A finger would leave it lying there.
            if event.pointer_type() == "mouse" {
                enter(event.target(), false);
            }
        }),
        window_event_listener(ev::focusin, move |event| {
            let by_keyboard = event
                .target()
                .and_then(|target| target.dyn_into::<Element>().ok())
                .is_some_and(|target| target.matches(":focus-visible").unwrap_or(false));
            if by_keyboard {
                enter(event.target(), true);
            }
        }),
        window_event_listener(ev::focusout, move |_| hide()),
        window_event_listener(ev::pointerdown, move |_| hide()),
        window_event_listener(ev::scroll, move |_| hide()),
        window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape" {
                hide();
            }
        }),
    ];
    on_cleanup(move || listeners.into_iter().for_each(|listener| listener.remove()));
    view! {
        <div class="tooltip" popover="manual" aria-hidden="true" node_ref=node>
            {move || text.get()}
        </div>
    }
}

/// What the tooltip of an element says, if it has something to say.
fn tip(element: &HtmlElement) -> Option<String> {
    let words = element.get_attribute("data-tip").or_else(|| {
        let cut = element.scroll_width() > element.client_width()
            || element.scroll_height() > element.client_height() + 1;
        element
            .get_attribute("data-tip-cut")
            .filter(|_| cut)
            .map(|words| {
                if words.is_empty() {
                    element.text_content().unwrap_or_default()
                } else {
                    words
                }
            })
    });
    words.filter(|words| !words.trim().is_empty())
}

/// Puts it over its element, or under it where there is no room above.
fn place(tooltip: &HtmlElement, element: &HtmlElement) {
    const GAP: f64 = 6.0;
    let width = window()
        .inner_width()
        .ok()
        .and_then(|width| width.as_f64())
        .unwrap_or(0.0);
    let (own, at) = (
        tooltip.get_bounding_client_rect(),
        element.get_bounding_client_rect(),
    );
    let above = at.top() - own.height() - GAP;
    let top = if above > 4.0 {
        above
    } else {
        at.bottom() + GAP
    };
    let middle = at.left() + (at.width() - own.width()) / 2.0;
    let left = middle.clamp(4.0, (width - own.width() - 4.0).max(4.0));
    let style = tooltip.style();
    let _ = style.set_property("--tip-top", &format!("{top}px"));
    let _ = style.set_property("--tip-left", &format!("{left}px"));
}
