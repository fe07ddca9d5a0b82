//! A dialog over the page, as the browser's own `<dialog>`: it keeps the focus inside, hides the rest from everybody, closes with Escape and
//! gives the focus back to what had it before.
//!
//! Rule: it is always in the document and only its content comes and goes. A dialog that is taken out instead of closed gives no focus back.

use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::web_sys;
use wasm_bindgen::JsCast;

use super::icon::{Glyph, Icon};
use crate::i18n::{t, use_i18n};

/// The dialog.
#[component]
pub fn Modal(
    /// Id of the dialog, and prefix of the id of its title.
    id: &'static str,
    /// Whether it is open, both ways.
    open: RwSignal<bool>,
    /// What it is about.
    #[prop(into)]
    title: Signal<String>,
    /// Whether it may not be closed at the moment, as something is under way.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// For content that needs more room than a question does.
    #[prop(optional)]
    wide: bool,
    /// `alertdialog` for what must be answered.
    #[prop(default = "dialog")]
    role: &'static str,
    /// Called when it was closed, however that happened.
    #[prop(optional, into)]
    on_close: Option<Callback<()>>,
    /// What is in it, made anew each time that it opens. An element with `autofocus` gets the focus, or else the first one that can.
    children: ChildrenFn,
) -> impl IntoView {
    let i18n = use_i18n();
    let node = NodeRef::<Dialog>::new();
    let heading = StoredValue::new(format!("{id}-title"));
    let children = StoredValue::new(children);
    // After the content, which the focus moves into.
    Effect::new(move || {
        let open = open.get();
        let Some(dialog) = node.get() else { return };
        if open && !dialog.open() {
            let _ = dialog.show_modal();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    let closed = move |_| {
        open.set(false);
        if let Some(on_close) = on_close {
            on_close.run(());
        }
    };
    let leave = move || {
        if !busy.get_untracked() {
            open.set(false);
        }
    };
    let cancelled = move |event: web_sys::Event| {
        // The browser would close it even when it must not be.
        event.prevent_default();
        leave();
    };
    let pressed = move |event: web_sys::PointerEvent| {
        // What is beside the dialog belongs to it as well, and is the only place where it is hit itself.
        let hit = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::HtmlDialogElement>().ok());
        if hit.is_some() {
            leave();
        }
    };
    view! {
        <dialog
            id=id
            class="modal"
            data-size=wide.then_some("wide")
            role=role
            aria-labelledby=heading.get_value()
            node_ref=node
            on:close=closed
            on:cancel=cancelled
            on:pointerdown=pressed
        >
            <Show when=move || open.get()>
                <div class="modal-frame">
                    <header class="modal-head">
                        <h2 id=heading.get_value()>{title}</h2>
                        <button
                            type="button"
                            class="button quiet square small"
                            data-action="close"
                            aria-disabled=move || busy.get().to_string()
                            on:click=move |_| leave()
                        >
                            <Glyph icon=Icon::Cross />
                            <span class="unseen">{t!(i18n, components.close)}</span>
                        </button>
                    </header>
                    {children.with_value(|children| children())}
                </div>
            </Show>
        </dialog>
    }
}
