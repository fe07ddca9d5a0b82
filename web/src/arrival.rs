//! Arriving at a page: where reading starts, and where the page was when somebody comes back to it.
//!
//! Rules: after a change of path the focus is on the heading, as if the browser had loaded a page, so that whoever listens hears where they
//! are. "Back" leads to the place in the page that one left, as soon as the page is long enough again; scrolling by hand meanwhile wins.

use std::collections::HashMap;

use leptos::ev;
use leptos::prelude::*;
use leptos::web_sys::{FocusOptions, HtmlElement};
use wasm_bindgen::JsCast;

use crate::browser;

/// Frames within which a list that is loaded has to be there: three seconds of an ordinary screen.
const PATIENCE: u32 = 180;

/// What is remembered between pages.
#[derive(Clone, Copy)]
struct Arrivals {
    /// Path of the page that was arrived at last.
    path: StoredValue<Option<String>>,
    /// How far each address was scrolled.
    positions: StoredValue<HashMap<String, f64>>,
    /// Where to scroll to, and for how many frames to try.
    wanted: StoredValue<Option<(f64, u32)>>,
}

/// Remembers positions from now on.
pub fn provide_arrivals() {
    let arrivals = Arrivals {
        path: StoredValue::new(None),
        positions: StoredValue::new(HashMap::new()),
        wanted: StoredValue::new(None),
    };
    provide_context(arrivals);
    browser::restore_no_scroll();
    let _ = window_event_listener(ev::scroll, move |_| {
        // What is being restored is no choice of the person.
        if arrivals.wanted.with_value(Option::is_none) {
            let y = window().scroll_y().unwrap_or_default();
            arrivals.positions.update_value(|positions| {
                positions.insert(browser::here(), y);
            });
        }
    });
    let _ = window_event_listener(ev::popstate, move |_| {
        let position = arrivals
            .positions
            .with_value(|positions| positions.get(&browser::here()).copied());
        arrivals
            .wanted
            .set_value(Some((position.unwrap_or_default(), PATIENCE)));
        request_animation_frame(move || arrivals.restore());
    });
    for event in ["wheel", "touchmove", "keydown", "pointerdown"] {
        let _ = window_event_listener_untyped(event, move |_| arrivals.wanted.set_value(None));
    }
}

impl Arrivals {
    /// Scrolls to where the page was, or as far as it goes, until it is there.
    fn restore(self) {
        let Some((wanted, left)) = self.wanted.get_value() else {
            return;
        };
        window().scroll_to_with_x_and_y(0.0, wanted);
        let reached = window().scroll_y().unwrap_or_default();
        if left == 0 || (reached - wanted).abs() < 1.0 && left < PATIENCE - 10 {
            return self.wanted.set_value(None);
        }
        self.wanted.set_value(Some((wanted, left - 1)));
        request_animation_frame(move || self.restore());
    }
}

/// Notes that a page is on the screen. Every page does so once.
pub fn arrive() {
    let Some(arrivals) = use_context::<Arrivals>() else {
        return;
    };
    let path = window().location().pathname().ok();
    let before = arrivals.path.get_value();
    // Not when the application starts: there the browser has put the focus at the top already.
    let moved = before.is_some() && before != path;
    arrivals.path.set_value(path);
    if moved {
        request_animation_frame(focus_heading);
    }
}

fn focus_heading() {
    let heading = document()
        .query_selector("main h1")
        .ok()
        .flatten()
        .or_else(|| document().get_element_by_id("main"));
    let Some(heading) = heading.and_then(|found| found.dyn_into::<HtmlElement>().ok()) else {
        return;
    };
    // A form that put the focus into its first field knows better.
    let main = document().get_element_by_id("main");
    let inside = document().active_element().is_some_and(|active| {
        main.is_some_and(|main| active != main && main.contains(Some(&active)))
    });
    if inside {
        return;
    }
    let _ = heading.set_attribute("tabindex", "-1");
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    let _ = heading.focus_with_options(&options);
}
