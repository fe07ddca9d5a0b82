//! The screen «Диалоги»: the person's dialogs, and beside them one of them, or the choice of whom to ask.
//!
//! `/dialogs` and `/dialogs/:id` are one page, so that the list stays when one goes from one dialog to the next; on a narrow screen it is the one
//! or the other. `/dialogs/new` is the choice.

mod composer;
mod conversation;
mod deeds;
mod list;
mod log;
mod message;
pub mod start;
mod talk;
pub mod targets;
pub mod words;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map};
use understudy_shared::{Dialog, DialogId};

use super::use_title;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};
use conversation::Conversation;
use list::{DialogList, Dialogs};
use start::use_start_dialog;
use targets::{Target, Targets};

/// The path of the page.
pub const PATH: &str = "/dialogs";

/// What stands beside the list.
#[derive(Clone, Copy, PartialEq)]
enum Beside {
    /// The choice, as the list has not enough to fill the page.
    Welcome,
    /// The choice, since somebody wants it.
    Choice,
    /// A dialog; none for an address at which there is none.
    One(Option<DialogId>),
}

/// The page.
#[component]
pub fn DialogsPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let navigate = StoredValue::new_local(use_navigate());
    let dialogs = Dialogs::new();
    let beside = Memo::new(move |_| {
        params.with(|params| match params.get("id").as_deref() {
            None | Some("") => Beside::Welcome,
            Some("new") => Beside::Choice,
            Some(id) => Beside::One(id.parse().ok()),
        })
    });
    let open = Signal::derive(move || match beside.get() {
        Beside::One(id) => id,
        Beside::Welcome | Beside::Choice => None,
    });
    let shown = move || match beside.get() {
        Beside::Welcome => "list",
        Beside::Choice => "choice",
        Beside::One(_) => "one",
    };
    let renamed = RwSignal::new(None::<Dialog>);
    let deleted = Callback::new(move |id: DialogId| {
        if open.get_untracked() == Some(id) {
            navigate.with_value(|navigate| navigate(PATH, NavigateOptions::default()));
        }
    });
    view! {
        <div class="chat" data-shown=shown>
            <nav class="dl" aria-label=move || t_string!(i18n, dialogs.list)>
                <DialogList dialogs open on_deleted=deleted on_renamed=move |dialog| renamed.set(Some(dialog)) />
            </nav>
            <div class="chat-main">
                {move || match beside.get() {
                    Beside::One(Some(id)) => {
                        view! { <Conversation id dialogs renamed /> }.into_any()
                    }
                    Beside::One(None) => view! { <super::not_found::NotFoundPage /> }.into_any(),
                    Beside::Welcome | Beside::Choice => view! { <Begin /> }.into_any(),
                }}
            </div>
            // Of the list, where it stands alone; elsewhere what stands beside it has the heading.
            <h1 class="chat-title">{t!(i18n, dialogs.title)}</h1>
        </div>
    }
}

/// Whom to begin a dialog with.
#[component]
fn Begin() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, dialogs.title));
    let (start, busy) = use_start_dialog();
    let choose = Callback::new(move |(target, _): (Target, String)| start.run(target));
    view! {
        <div class="chat-pad begin" id="begin">
            <A href=PATH attr:class="button quiet small chat-back">
                <Glyph icon=Icon::ChevronLeft />
                {t!(i18n, dialogs.back)}
            </A>
            <h1>{t!(i18n, dialogs.choose.title)}</h1>
            <p class="sub">{t!(i18n, dialogs.choose.lead)}</p>
            <Targets busy on_choose=choose />
        </div>
    }
}
