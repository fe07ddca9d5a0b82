//! Short messages about what has just happened, in a corner of the page.
//!
//! Rules: a toast tells what somebody did, never what they must know later, as it goes by itself (a page keeps its errors in a notice). A failure
//! stays until it is closed. While the pointer or the focus is on one, none goes. They are read out politely and never take the focus.

use std::time::Duration;

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// How often the remaining times are counted down.
const TICK: Duration = Duration::from_millis(500);
/// For how many ticks a success is shown: six seconds.
const SUCCESS: u32 = 12;
/// For how many ticks a success is shown that one can act upon: twelve seconds.
const WITH_ACTION: u32 = 24;
/// Older ones go when there are more, and failures last.
const MOST: usize = 3;

/// What a button in a toast does.
#[derive(Clone)]
struct Action {
    label: String,
    run: Callback<()>,
}

/// One message.
#[derive(Clone)]
pub struct Toast {
    text: String,
    failed: bool,
    action: Option<Action>,
}

impl Toast {
    /// Something worked.
    pub fn success(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            failed: false,
            action: None,
        }
    }

    /// Something did not.
    pub fn failure(text: impl Into<String>) -> Self {
        Self {
            failed: true,
            ..Self::success(text)
        }
    }

    /// Adds a button, "Undo" for example. Using it closes the toast.
    pub fn action(mut self, label: impl Into<String>, run: impl Into<Callback<()>>) -> Self {
        self.action = Some(Action {
            label: label.into(),
            run: run.into(),
        });
        self
    }

    /// Ticks until it goes; none for one that stays.
    fn lifetime(&self) -> Option<u32> {
        match (self.failed, &self.action) {
            (true, _) => None,
            (false, Some(_)) => Some(WITH_ACTION),
            (false, None) => Some(SUCCESS),
        }
    }
}

#[derive(Clone)]
struct Shown {
    id: u64,
    toast: Toast,
    left: Option<u32>,
}

/// The toasts of the application.
#[derive(Clone, Copy)]
pub struct Toasts {
    shown: RwSignal<Vec<Shown>>,
    last: StoredValue<u64>,
    held: RwSignal<bool>,
}

impl Toasts {
    /// Says that something worked.
    pub fn success(self, text: impl Into<String>) {
        self.show(Toast::success(text));
    }

    /// Says that something did not work.
    pub fn failure(self, text: impl Into<String>) {
        self.show(Toast::failure(text));
    }

    /// Shows a toast.
    pub fn show(self, toast: Toast) {
        let id = self.last.get_value() + 1;
        self.last.set_value(id);
        let left = toast.lifetime();
        self.shown.update(|shown| {
            shown.push(Shown { id, toast, left });
            while shown.len() > MOST {
                let success = shown.iter().position(|shown| !shown.toast.failed);
                shown.remove(success.unwrap_or(0));
            }
        });
    }

    fn close(self, id: u64) {
        self.shown
            .update(|shown| shown.retain(|shown| shown.id != id));
        if self.shown.with_untracked(Vec::is_empty) {
            // The pointer leaves nothing when what it was on is gone.
            self.held.set(false);
        }
    }

    fn tick(self) {
        if self.held.get_untracked() || self.shown.with_untracked(Vec::is_empty) {
            return;
        }
        // Counted in silence: only a toast that goes changes the page.
        let mut over = false;
        self.shown.update_untracked(|shown| {
            for shown in shown.iter_mut() {
                shown.left = shown.left.map(|left| left.saturating_sub(1));
                over |= shown.left == Some(0);
            }
        });
        if over {
            self.shown
                .update(|shown| shown.retain(|shown| shown.left != Some(0)));
        }
    }
}

/// Makes toasts possible everywhere below.
pub fn provide_toasts() {
    let toasts = Toasts {
        shown: RwSignal::new(Vec::new()),
        last: StoredValue::new(0),
        held: RwSignal::new(false),
    };
    // Without timers they stay until they are closed.
    let _ = set_interval_with_handle(move || toasts.tick(), TICK);
    provide_context(toasts);
}

/// The toasts of this application.
pub fn use_toasts() -> Toasts {
    expect_context::<Toasts>()
}

/// The corner in which they appear.
#[component]
pub fn ToastCorner() -> impl IntoView {
    let i18n = use_i18n();
    let toasts = use_toasts();
    let hold = move |_| toasts.held.set(true);
    let release = move |_| toasts.held.set(false);
    view! {
        <div
            id="toasts"
            class="toasts"
            role="log"
            aria-live="polite"
            aria-label=move || t_string!(i18n, components.toasts)
            on:pointerenter=hold
            on:pointerleave=release
            on:focusin=move |_| toasts.held.set(true)
            on:focusout=move |_| toasts.held.set(false)
        >
            <For each=move || toasts.shown.get() key=|shown| shown.id let:shown>
                <ToastItem shown toasts />
            </For>
        </div>
    }
}

#[component]
fn ToastItem(shown: Shown, toasts: Toasts) -> impl IntoView {
    let i18n = use_i18n();
    let Shown { id, toast, .. } = shown;
    let (tone, icon) = if toast.failed {
        ("bad", Icon::Warning)
    } else {
        ("ok", Icon::Check)
    };
    let action = toast.action.map(|action| {
        let run = move |_| {
            toasts.close(id);
            action.run.run(());
        };
        view! {
            <button type="button" class="button small" data-action="toast" on:click=run>
                {action.label}
            </button>
        }
    });
    view! {
        <div class="toast" data-tone=tone>
            <Glyph icon />
            <p class="toast-text">{toast.text}</p>
            {action}
            <button
                type="button"
                class="button quiet square small"
                data-action="close"
                on:click=move |_| toasts.close(id)
            >
                <Glyph icon=Icon::Cross />
                <span class="unseen">{t!(i18n, components.close)}</span>
            </button>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_stays_and_what_can_be_undone_stays_longer() {
        assert_eq!(Toast::failure("no").lifetime(), None);
        let plain = Toast::success("done").lifetime();
        let undoable = Toast::success("done").action("Undo", Callback::new(|()| ()));
        assert!(undoable.lifetime() > plain);
    }
}
