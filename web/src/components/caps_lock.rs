//! Says that Caps Lock is on, under a field in which one cannot see it.

use leptos::ev::{self, KeyboardEvent, MouseEvent};
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::i18n::{t, use_i18n};
use wasm_bindgen::JsCast;

/// The hint; nothing while Caps Lock is off or nobody has pressed a key yet.
#[component]
pub fn CapsLockHint() -> impl IntoView {
    let i18n = use_i18n();
    let on = RwSignal::new(false);
    let note = move |locked: bool| {
        if on.get_untracked() != locked {
            on.set(locked);
        }
    };
    let key = move |event: KeyboardEvent| {
        // A browser that fills in a password says so with a key event that is none.
        if event.has_type::<KeyboardEvent>() {
            note(event.get_modifier_state("CapsLock"));
        }
    };
    let click = move |event: MouseEvent| note(event.get_modifier_state("CapsLock"));
    // On the way up: the key itself changes the state when it goes down in some systems and when it goes up in others.
    let handles = (
        window_event_listener(ev::keyup, key),
        window_event_listener(ev::keydown, key),
    );
    let clicks = window_event_listener(ev::mousedown, click);
    on_cleanup(move || {
        handles.0.remove();
        handles.1.remove();
        clicks.remove();
    });
    view! {
        <p class="caps-lock" role="status">
            <Show when=move || on.get()>
                <Glyph icon=Icon::Warning />
                {t!(i18n, login.caps_lock)}
            </Show>
        </p>
    }
}
