//! A page that is a form: where one is, what is edited and how it is, the form in sections, what the form leads to beside it, and a foot with the
//! buttons that is always in sight.
//!
//! Rules: saving by button, Ctrl+S and Ctrl+Enter (Cmd on a Mac) is one and the same; while it runs, nothing is sent twice. Leaving with
//! changes asks ([`super::unsaved`]). What a page keeps beside the form never blocks saving.

use leptos::ev;
use leptos::prelude::*;
use leptos_router::components::A;

use super::icon::{Glyph, Icon};
use super::unsaved::use_unsaved;
use crate::i18n::{t, t_string, use_i18n};

/// The page.
#[component]
pub fn FormPage(
    /// Id of the form; the others here have it as a prefix.
    id: &'static str,
    /// Address of the list that the form belongs to; "Cancel" leads there as well.
    parent: &'static str,
    /// What the list is called.
    #[prop(into)]
    parent_title: Signal<String>,
    /// What is edited.
    #[prop(into)]
    title: Signal<String>,
    /// Its state, at the right of the title.
    #[prop(optional, into)]
    status: ViewFn,
    /// Whether the form differs from what was loaded.
    #[prop(into)]
    dirty: Signal<bool>,
    /// Whether it is being saved.
    #[prop(into)]
    busy: Signal<bool>,
    /// What the button says.
    #[prop(into)]
    save_label: Signal<String>,
    /// Saves; never called while `busy`.
    #[prop(into)]
    on_save: Callback<()>,
    /// What is wrong with the form as a whole, above its fields.
    #[prop(optional, into)]
    errors: ViewFn,
    /// Further actions at the end of the foot: deleting for example.
    #[prop(optional, into)]
    more: ViewFn,
    /// What stands beside the form, in cards.
    #[prop(optional, into)]
    side: ViewFn,
    /// The form: [`FormSection`]s.
    children: Children,
) -> impl IntoView {
    let i18n = use_i18n();
    use_unsaved().watch(dirty);
    let save = move || {
        if !busy.get_untracked() {
            on_save.run(());
        }
    };
    let keys = window_event_listener(ev::keydown, move |event| {
        let command =
            (event.ctrl_key() || event.meta_key()) && !event.alt_key() && !event.shift_key();
        if !command || !matches!(event.key().as_str(), "s" | "S" | "ы" | "Ы" | "Enter") {
            return;
        }
        let in_dialog = document()
            .query_selector("dialog[open]")
            .is_ok_and(|dialog| dialog.is_some());
        if in_dialog || event.default_prevented() {
            return;
        }
        // Never the browser's own "save page".
        event.prevent_default();
        if !event.repeat() {
            save();
        }
    });
    on_cleanup(move || keys.remove());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        save();
    };
    view! {
        <nav class="crumbs" aria-label=move || t_string!(i18n, form_page.crumbs)>
            <A href=parent>{parent_title}</A>
            <Glyph icon=Icon::ChevronRight />
            <span aria-current="page">{title}</span>
        </nav>
        <div class="head form-head">
            <h1 class="head-text">{title}</h1>
            <div class="head-status">{status.run()}</div>
        </div>
        <div class="form-page">
            <form id=id class="card form-card" novalidate on:submit=submit aria-busy=move || busy.get().to_string()>
                <div class="form-errors">{errors.run()}</div>
                {children()}
                <footer class="form-foot">
                    <button
                        type="submit"
                        class="button primary"
                        data-action="save"
                        aria-disabled=move || busy.get().to_string()
                        aria-keyshortcuts="Control+S Control+Enter"
                    >
                        {move || {
                            if busy.get() {
                                t_string!(i18n, form_page.saving).to_owned()
                            } else {
                                save_label.get()
                            }
                        }}
                    </button>
                    <A href=parent attr:class="button" attr:data-action="cancel">
                        {t!(i18n, form_page.cancel)}
                    </A>
                    <p class="form-dirty" role="status">
                        {move || {
                            dirty.get()
                                .then(|| {
                                    view! {
                                        <span class="dot" aria-hidden="true"></span>
                                        {t!(i18n, form_page.dirty)}
                                    }
                                })
                        }}
                    </p>
                    <div class="form-more">{more.run()}</div>
                </footer>
            </form>
            <aside class="form-side">{side.run()}</aside>
        </div>
    }
}

/// A part of the form.
#[component]
pub fn FormSection(
    /// Id of the section; its heading has it as a prefix.
    id: &'static str,
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// What the part is about.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// The fields.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    view! {
        <section id=id class="form-section" aria-labelledby=heading>
            <h2 id=heading.clone()>{title}</h2>
            {move || hint.get().map(|hint| view! { <p class="sub">{hint}</p> })}
            <div class="form-fields">{children()}</div>
        </section>
    }
}

/// A card beside the form.
#[component]
pub fn SideCard(
    /// Id of the card; its heading has it as a prefix.
    id: &'static str,
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// What it is for.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// The content.
    children: Children,
) -> impl IntoView {
    let heading = format!("{id}-title");
    view! {
        <section id=id class="card side-card" aria-labelledby=heading>
            <h2 id=heading.clone()>{title}</h2>
            {move || hint.get().map(|hint| view! { <p class="sub">{hint}</p> })}
            {children()}
        </section>
    }
}
