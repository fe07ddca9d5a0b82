//! The dialogs of whoever is signed in, the newest first; older ones come when one scrolls down to them.

use form_urlencoded::byte_serialize;
use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{Dialog, DialogId};

use super::deeds::{Rename, use_delete};
use super::{PATH, words as say};
use crate::api::{Api, ApiError, use_api};
use crate::components::icon::{Glyph, Icon};
use crate::components::menu::{Menu, MenuItem};
use crate::components::notice::ErrorNotice;
use crate::components::table::Search;
use crate::components::time::Ago;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n};
use crate::load::Load;

/// Dialogs that are read at once.
const PAGE: usize = 50;
/// The most that the service gives at once.
const MOST: usize = 200;

/// What was asked for, and what came.
#[derive(Clone, PartialEq)]
pub struct Found {
    query: String,
    items: Vec<Dialog>,
    total: u64,
}

/// The list, as the page needs it to keep it fresh.
#[derive(Clone, Copy)]
pub struct Dialogs {
    load: Load<Found>,
    search: RwSignal<String>,
    wanted: StoredValue<usize>,
}

impl Dialogs {
    /// Loads the list, and keeps it fresh.
    pub fn new() -> Self {
        let api = use_api();
        let search = RwSignal::new(String::new());
        let wanted = StoredValue::new(PAGE);
        let load = Load::polling(move || {
            let (query, count) = (search.get_untracked(), wanted.get_value());
            read(api, query, count)
        });
        Self {
            load,
            search,
            wanted,
        }
    }

    /// Reads it again.
    pub fn refresh(self) {
        self.load.refresh();
    }

    /// Dialogs in it, once known; tracked.
    pub fn total(self) -> Option<u64> {
        self.load.with(|found| found.total)
    }

    fn has_more(self) -> bool {
        self.load
            .with(|found| (found.items.len() as u64) < found.total)
            == Some(true)
    }

    fn more(self) {
        let there = self.load.with(|found| found.items.len());
        // What was asked for last is there.
        if there.is_some_and(|there| there + PAGE > self.wanted.get_value()) {
            self.wanted.update_value(|wanted| *wanted += PAGE);
            self.load.restart();
        }
    }

    fn look_for(self, text: String) {
        self.search.set(text);
        self.wanted.set_value(PAGE);
        self.load.restart();
    }
}

async fn read(api: Api, query: String, count: usize) -> Result<Found, ApiError> {
    let mut items = Vec::new();
    loop {
        let limit = (count - items.len()).clamp(1, MOST);
        let offset = items.len();
        let q: String = byte_serialize(query.as_bytes()).collect();
        let q = if q.is_empty() { q } else { format!("&q={q}") };
        let page = api
            .list_dialogs(&format!(
                "sort=-updated_at&limit={limit}&offset={offset}{q}"
            ))
            .await?;
        let none = page.items.is_empty();
        items.extend(page.items);
        if none || items.len() >= count || items.len() as u64 >= page.total {
            return Ok(Found {
                query,
                items,
                total: page.total,
            });
        }
    }
}

/// The column.
#[component]
pub fn DialogList(
    /// The list.
    dialogs: Dialogs,
    /// The dialog that is open.
    #[prop(into)]
    open: Signal<Option<DialogId>>,
    /// Hears which one was deleted.
    #[prop(into)]
    on_deleted: Callback<DialogId>,
    /// Hears which one was renamed.
    #[prop(into)]
    on_renamed: Callback<Dialog>,
) -> impl IntoView {
    let i18n = use_i18n();
    let renaming = RwSignal::new(false);
    let renamed = RwSignal::new(None::<Dialog>);
    let rename = Callback::new(move |dialog| {
        renamed.set(Some(dialog));
        renaming.set(true);
    });
    let delete = use_delete(Callback::new(move |id| {
        dialogs.refresh();
        on_deleted.run(id);
    }));
    let scroller = NodeRef::<Div>::new();
    let scrolled = move |_| {
        if let Some(place) = scroller.get_untracked()
            && place.scroll_height() - place.scroll_top() - place.client_height() < 200
            && untrack(|| dialogs.has_more())
        {
            untrack(|| dialogs.more());
        }
    };
    let items = Memo::new(move |_| {
        dialogs
            .load
            .with(|found| found.items.clone())
            .unwrap_or_default()
    });
    let nothing = move || {
        let narrowed = dialogs.load.with(|found| !found.query.is_empty()) == Some(true);
        match (dialogs.total(), dialogs.load.error()) {
            (Some(0), _) if narrowed => view! {
                <p class="dl-note" role="status">{t!(i18n, dialogs.no_match)}</p>
            }
            .into_any(),
            (Some(0), _) => view! {
                <div class="dl-note">
                    <p class="strong">{t!(i18n, dialogs.none)}</p>
                    <p>{t!(i18n, dialogs.none_hint)}</p>
                </div>
            }
            .into_any(),
            (Some(_), _) => ().into_any(),
            (None, Some(error)) => view! {
                <ErrorNotice error retry=Callback::new(move |()| dialogs.refresh()) />
            }
            .into_any(),
            (None, None) => view! {
                <p class="unseen" role="status">{t!(i18n, dialogs.loading)}</p>
                <div class="dl-skeleton" aria-hidden="true"><span></span><span></span><span></span></div>
            }
            .into_any(),
        }
    };
    let has_any = move || {
        dialogs.total().is_some_and(|total| total > 0) || !dialogs.search.with(String::is_empty)
    };
    view! {
        <div class="dl-head">
            <A href=format!("{PATH}/new") attr:class="button primary wide" attr:data-action="new-dialog">
                <Glyph icon=Icon::Plus />
                {t!(i18n, dialogs.new)}
            </A>
            <div hidden=move || !has_any()>
                <Search
                    label=t_signal!(i18n, dialogs.search)
                    value=dialogs.search
                    on_search=move |text| dialogs.look_for(text)
                />
            </div>
        </div>
        <div class="dl-scroll" node_ref=scroller on:scroll=scrolled>
            {nothing}
            <ul class="dl-items" id="dialog-list">
                <For each=move || items.get() key=|dialog| (dialog.id, dialog.title.clone(), dialog.target.title.clone(), dialog.updated_at) let:dialog>
                    <Line dialog open rename delete />
                </For>
            </ul>
            <Show when=move || dialogs.has_more()>
                <button type="button" class="button quiet small wide" data-action="more" on:click=move |_| untrack(|| dialogs.more())>
                    {t!(i18n, dialogs.more)}
                </button>
            </Show>
        </div>
        <Rename
            open=renaming
            dialog=renamed
            on_renamed=move |dialog| {
                dialogs.refresh();
                on_renamed.run(dialog);
            }
        />
    }
}

#[component]
fn Line(
    dialog: Dialog,
    open: Signal<Option<DialogId>>,
    rename: Callback<Dialog>,
    delete: Callback<Dialog>,
) -> impl IntoView {
    let i18n = use_i18n();
    let id = dialog.id;
    let at = dialog.updated_at;
    let target = dialog.target.title.clone();
    let dialog = StoredValue::new(dialog);
    let title = move || dialog.with_value(|dialog| say::title(i18n, dialog));
    let items = move || {
        let dialog = dialog.get_value();
        let again = dialog.clone();
        vec![
            MenuItem::run(
                "rename",
                Icon::Pencil,
                tu_string!(i18n, dialogs.rename),
                Callback::new(move |()| rename.run(dialog.clone())),
            ),
            MenuItem::run(
                "delete",
                Icon::Trash,
                tu_string!(i18n, dialogs.delete),
                Callback::new(move |()| delete.run(again.clone())),
            )
            .danger(),
        ]
    };
    view! {
        <li class="dl-item" data-id=id.to_string() data-open=move || (open.get() == Some(id)).to_string()>
            <A href=format!("{PATH}/{id}") attr:class="dl-link">
                <span class="dl-title" data-tip-cut=title>{title}</span>
                <span class="minor dl-about">
                    <span class="dl-target">{target}</span>
                    " · "
                    <Ago at=Signal::stored(at) />
                </span>
            </A>
            <Menu label=Signal::derive(move || t_string!(i18n, dialogs.menu, name = title())) items />
        </li>
    }
}
