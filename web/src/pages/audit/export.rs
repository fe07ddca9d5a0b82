//! The log as a file: all that the filters let through, not only the page on the screen.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api::use_api;
use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::components::toast::use_toasts;
use crate::i18n::{t_string, tu_string, use_i18n, words};
use crate::listing::Shown;

/// The formats: the service's name of each, the name that people know, the type of the file.
const FORMATS: [(&str, &str, &str); 2] = [
    ("csv", "CSV", "text/csv"),
    ("jsonl", "JSON Lines", "application/x-ndjson"),
];

/// A button for each format.
#[component]
pub fn Export(
    /// What of the log is shown.
    shown: Shown,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let export = move |(format, name, kind): (&'static str, &'static str, &'static str)| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let query = shown.state_untracked().to_export();
        spawn_local(async move {
            match api.export_audit_log(format, &query).await {
                Ok(text) => {
                    let day = browser::now().format("%Y-%m-%d");
                    browser::download(&format!("audit-log-{day}.{format}"), kind, &text);
                    toasts.success(tu_string!(i18n, audit.exported, name));
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, audit.not_exported, why));
                }
            }
            busy.try_set(false);
        });
    };
    let buttons = FORMATS
        .into_iter()
        .map(|format| {
            let (id, name, _) = format;
            view! {
                <button
                    type="button"
                    class="button"
                    data-action="export"
                    data-format=id
                    aria-disabled=move || busy.get().then_some("true")
                    aria-label=move || t_string!(i18n, audit.export_as, name)
                    on:click=move |_| export(format)
                >
                    <Glyph icon=Icon::Download />
                    {name}
                </button>
            }
        })
        .collect_view();
    view! {
        <div class="exports" role="group" aria-label=move || t_string!(i18n, audit.export)>
            {buttons}
            <span class="unseen" role="status">
                {move || busy.get().then(|| t_string!(i18n, audit.exporting).to_owned())}
            </span>
        </div>
    }
}
