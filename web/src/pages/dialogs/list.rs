//! The dialogs of whoever is signed in, the newest first; older ones come when one scrolls down to them.

use form_urlencoded::byte_serialize;
use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{Dialog, DialogId};

use super::deeds::{Rename, use_delete};
use super::{PATH, words as say};
use crate::api::{Api, ApiError, use_api};
use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::components::menu::{Menu, MenuItem};
use crate::components::notice::ErrorNotice;
use crate::components::table::{Pointer, Row, Search, keyed};
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
    // Renewed in place, so that the focus finds what it comes back to.
    let touched = Touched::new();
    let rows = keyed(
        move || {
            dialogs
                .load
                .with(|found| (found.query.clone(), found.items.clone()))
        },
        |dialog: &Dialog| dialog.id,
        touched.pointer,
    );
    touched.keep_focus(rows);
    let delete = use_delete(Callback::new(move |id| {
        touched.note(id);
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
                <For each=move || rows.get() key=|row| row.id let:row>
                    <Line row open rename delete />
                </For>
            </ul>
            <Show when=move || dialogs.has_more()>
                <button type="button" class="button quiet small wide" data-action="more" on:click=move |_| untrack(|| dialogs.more())>
                    {t!(i18n, dialogs.more)}
                </button>
            </Show>
        </div>
        <Rename
            id="rename-in-list"
            open=renaming
            dialog=renamed
            on_renamed=move |dialog: Dialog| {
                touched.note(dialog.id);
                dialogs.refresh();
                on_renamed.run(dialog);
            }
        />
    }
}

/// The dialog that was renamed or deleted here, and the list that is about to change for it.
#[derive(Clone, Copy)]
struct Touched {
    id: StoredValue<Option<DialogId>>,
    pointer: Pointer,
}

impl Touched {
    fn new() -> Self {
        Self {
            id: StoredValue::new(None),
            pointer: Pointer::new(),
        }
    }

    fn note(self, id: DialogId) {
        self.id.set_value(Some(id));
        self.pointer.acted();
    }

    /// Keeps the focus in the list: a row loses it when it moves to the top, and takes it along when it goes.
    fn keep_focus(self, rows: RwSignal<Vec<Row<DialogId, Dialog>>>) {
        Effect::new(move |before: Option<Vec<DialogId>>| {
            let now: Vec<DialogId> = rows.with(|rows| rows.iter().map(|row| row.id).collect());
            if let (Some(before), Some(id)) = (before, self.id.get_value())
                && self.pointer.is_acting()
            {
                let css = place(id, &before, &now);
                request_animation_frame(move || {
                    if is_focus_lost() {
                        browser::focus_first(&css);
                    }
                });
            }
            now
        });
    }
}

/// Where the focus goes that was at this dialog: to it, to the one that stands in its place, or else to the one before.
fn place(id: DialogId, before: &[DialogId], now: &[DialogId]) -> String {
    if now.contains(&id) {
        return format!("#dialog-list [data-id='{id}'] [data-action='menu']");
    }
    let at = before.iter().position(|one| *one == id);
    let (above, below) = before.split_at(at.unwrap_or_default());
    let mut nearest = below.iter().chain(above.iter().rev());
    match nearest.find(|one| now.contains(one)) {
        Some(one) => format!("#dialog-list [data-id='{one}'] .dl-link"),
        None => ".dl-head [data-action='new-dialog']".to_owned(),
    }
}

fn is_focus_lost() -> bool {
    document()
        .active_element()
        .is_none_or(|element| element.tag_name() == "BODY")
}

#[component]
fn Line(
    row: Row<DialogId, Dialog>,
    open: Signal<Option<DialogId>>,
    rename: Callback<Dialog>,
    delete: Callback<Dialog>,
) -> impl IntoView {
    let i18n = use_i18n();
    let id = row.id;
    let dialog: Signal<Dialog> = ArcSignal::from(row.item).into();
    let at = Memo::new(move |_| dialog.with(|dialog| dialog.updated_at));
    let target = Memo::new(move |_| dialog.with(|dialog| dialog.target.title.clone()));
    let title = move || dialog.with(|dialog| say::title(i18n, dialog));
    let items = move || {
        let dialog = dialog.get_untracked();
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
                    <Ago at />
                </span>
            </A>
            <Menu label=Signal::derive(move || t_string!(i18n, dialogs.menu, name = title())) items />
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> DialogId {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a80{number:02}");
        id.parse().unwrap()
    }

    #[test]
    fn focus_stays_at_a_dialog_and_goes_to_its_neighbour_when_it_is_gone() {
        let before = [id(1), id(2), id(3)];
        let menu = format!("#dialog-list [data-id='{}'] [data-action='menu']", id(3));
        assert_eq!(place(id(3), &before, &[id(3), id(1), id(2)]), menu);
        let link = |one| format!("#dialog-list [data-id='{one}'] .dl-link");
        assert_eq!(place(id(2), &before, &[id(1), id(3)]), link(id(3)));
        assert_eq!(place(id(3), &before, &[id(1), id(2)]), link(id(2)));
        let new = ".dl-head [data-action='new-dialog']";
        assert_eq!(place(id(1), &[id(1)], &[]), new);
    }
}
