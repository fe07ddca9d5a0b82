//! The screen «Ключи API»: the keys with which programs call models and the management, made, changed and revoked here.
//!
//! Rule: the key itself is on the page between its making and the closing of the dialog that shows it, and nowhere else: not in the
//! address, not in the browser's storage, not in a message.

mod form;
mod list;
mod made;
mod row;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_navigate, use_query_map};
use understudy_shared::{ApiKey, ModelGroupId, ResourceKind};

use super::use_title;
use crate::api::use_api;
use crate::browser;
use crate::clock::use_clock;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::{ListSection, Stage};
use crate::components::table::{
    Choice, FilterSelect, Heading, Pager, Pointer, Search, SortHeading, Sorting, keyed,
};
use crate::i18n::{t, t_string, use_i18n};
use crate::load::Load;
use form::{ChangeKey, NewKey};
use list::{KeyState, SIZES, View};
use row::KeyRow;

/// Names of the groups, to say which ones a key is limited to.
type GroupNames = Load<Vec<(ModelGroupId, String)>>;

/// The list, and the dialogs over it.
#[component]
pub fn KeysPage() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    use_title(move || t_string!(i18n, keys.title));
    let keys = Load::live(&[ResourceKind::ApiKey], move || api.all_api_keys());
    let groups: GroupNames =
        Load::live(&[ResourceKind::ModelGroup], move || api.model_group_names());
    let creating = RwSignal::new(false);
    let changing = RwSignal::new(false);
    let changed = RwSignal::new(None::<ApiKey>);
    let change = Callback::new(move |key| {
        changed.set(Some(key));
        changing.set(true);
    });
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, keys.title)}</h1>
                <p class="sub">{t!(i18n, keys.lead)}</p>
            </div>
            <button
                type="button"
                class="button primary"
                data-action="create"
                on:click=move |_| creating.set(true)
            >
                <Glyph icon=Icon::Plus />
                {t!(i18n, keys.create)}
            </button>
        </div>
        <KeyList keys groups on_change=change />
        <NewKey open=creating groups on_made=move |()| keys.refresh() />
        <ChangeKey open=changing key=changed groups on_changed=move |()| keys.refresh() />
    }
}

#[component]
fn KeyList(
    keys: Load<Vec<ApiKey>>,
    groups: GroupNames,
    on_change: Callback<ApiKey>,
) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let query = use_query_map();
    let view = Memo::new(move |_| query.with(|query| View::read(|name| query.get(name))));
    let navigate = StoredValue::new_local(use_navigate());
    let go = move |to: View, replace: bool| {
        let options = NavigateOptions {
            replace,
            scroll: false,
            ..NavigateOptions::default()
        };
        navigate.with_value(|navigate| navigate(&to.path(), options));
    };
    // A key expires by itself; the minute is exact enough for that.
    let minute = Memo::new(move |_| clock.now().timestamp() / 60);
    let shown = Memo::new(move |_| {
        minute.with(|_| ());
        keys.with(|keys| view.with(|view| view.select(keys, browser::now())))
    });
    let pointer = Pointer::new();
    let rows = keyed(
        move || {
            let address = view.with(View::path);
            shown.get().map(|(items, _)| (address, items))
        },
        |key: &ApiKey| key.id,
        pointer,
    );
    let total = Signal::derive(move || {
        let total = shown.with(|shown| shown.as_ref().map(|(_, total)| *total));
        total.and_then(|total| u64::try_from(total).ok())
    });
    let stage = Signal::derive(move || match (total.get(), keys.error()) {
        (Some(0), _) if keys.with(Vec::is_empty) == Some(true) => Stage::Empty,
        (Some(0), _) => Stage::NoMatch,
        (Some(_), _) => Stage::Ready,
        (None, Some(error)) => Stage::Failed(error),
        (None, None) => Stage::Loading,
    });
    let sorting = Sorting {
        by: Signal::derive(move || view.with(|view| (view.sort, view.falling))),
        ask: Callback::new(move |key| {
            pointer.acted();
            go(view.with_untracked(|view| view.sorted_by(key)), false);
        }),
    };
    let title = Signal::derive(move || {
        if view.with(|view| view.all) {
            t_string!(i18n, keys.list.all)
        } else {
            t_string!(i18n, keys.list.active)
        }
        .to_owned()
    });
    let filter = Callback::new(move |chosen: Option<String>| {
        pointer.acted();
        let all = chosen.is_some();
        go(
            View {
                all,
                page: 1,
                ..view.get_untracked()
            },
            false,
        );
    });
    let tools = move || {
        view! {
        <div class="tools-filters">
            <Search
                label=Signal::derive(move || t_string!(i18n, keys.search).to_owned())
                value=Signal::derive(move || view.with(|view| view.search.clone()))
                on_search=move |search| {
                    go(View { search, page: 1, ..view.get_untracked() }, true);
                }
            />
            <FilterSelect
                name="state"
                label=Signal::derive(move || t_string!(i18n, keys.filter).to_owned())
                any=Signal::derive(move || t_string!(i18n, keys.only_active).to_owned())
                choices=vec![Choice::new("all", move || t_string!(i18n, keys.all))]
                value=Signal::derive(move || view.with(|view| view.all.then(|| "all".to_owned())))
                on_change=filter
            />
        </div>
        }
    };
    let empty = move || {
        view! {
            <p class="empty-title">{t!(i18n, keys.empty)}</p>
            <p>{t!(i18n, keys.empty_hint)}</p>
        }
    };
    let no_match = move || view! { <NoMatch view go=Callback::new(move |to| go(to, false)) /> };
    view! {
        <ListSection
            id="keys"
            title=title
            hint=Signal::derive(String::new)
            count=total
            stage
            retry=move |()| keys.refresh()
            tools
            empty
            no_match
        >
            <table
                role="table"
                aria-labelledby="keys-title"
                on:pointermove=move |_| pointer.moved()
                on:pointerleave=move |_| pointer.left()
            >
                <thead role="rowgroup">
                    <tr role="row">
                        <SortHeading column="name" key="name" label=head(Column::Name) sorting />
                        <SortHeading column="state" key="state" label=head(Column::State) sorting />
                        <Heading column="scopes" label=head(Column::Scopes) />
                        <Heading column="groups" label=head(Column::Groups) />
                        <Heading column="limits" label=head(Column::Limits) />
                        <SortHeading column="used" key="last_used_at" label=head(Column::Used) sorting />
                        <SortHeading column="expires" key="expires_at" label=head(Column::Expires) sorting />
                        <SortHeading column="created" key="created_at" label=head(Column::Created) sorting />
                        <Heading column="actions" label=head(Column::Actions) unseen=true />
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || rows.get() key=|row| row.id let:row>
                        <KeyRow
                            key=row.item.clone()
                            groups
                            on_change=Callback::new(move |key| {
                                pointer.acted();
                                on_change.run(key);
                            })
                            on_revoked=move |()| {
                                pointer.acted();
                                keys.refresh();
                            }
                        />
                    </For>
                </tbody>
            </table>
        <Show when=move || total.get().is_some_and(|total| total > u64::from(SIZES[0]))>
            <Pager
                page=Signal::derive(move || view.with(|view| view.page))
                size=Signal::derive(move || view.with(|view| view.size))
                total=Signal::derive(move || total.get().unwrap_or_default())
                sizes=SIZES
                on_page=move |page| go(View { page, ..view.get_untracked() }, false)
                on_size=move |size| go(View { size, page: 1, ..view.get_untracked() }, false)
            />
        </Show>
        </ListSection>
    }
}

/// The columns of the table.
#[derive(Clone, Copy)]
enum Column {
    Name,
    Scopes,
    Groups,
    Limits,
    Created,
    Expires,
    Used,
    State,
    Actions,
}

/// The heading of a column; a card on a narrow screen repeats it.
fn head(column: Column) -> Signal<String> {
    let i18n = use_i18n();
    Signal::derive(move || {
        match column {
            Column::Name => t_string!(i18n, keys.columns.name),
            Column::Scopes => t_string!(i18n, keys.columns.scopes),
            Column::Groups => t_string!(i18n, keys.columns.groups),
            Column::Limits => t_string!(i18n, keys.columns.limits),
            Column::Created => t_string!(i18n, keys.columns.created),
            Column::Expires => t_string!(i18n, keys.columns.expires),
            Column::Used => t_string!(i18n, keys.columns.used),
            Column::State => t_string!(i18n, keys.columns.state),
            Column::Actions => t_string!(i18n, keys.columns.actions),
        }
        .to_owned()
    })
}

/// Why there is nothing to see although there are keys, and what to do about it.
#[component]
fn NoMatch(view: Memo<View>, go: Callback<View>) -> impl IntoView {
    let i18n = use_i18n();
    let searched = Memo::new(move |_| view.with(|view| !view.search.is_empty()));
    let clear = move |_| {
        go.run(View {
            search: String::new(),
            page: 1,
            ..view.get_untracked()
        });
    };
    let show_all = move |_| {
        go.run(View {
            all: true,
            page: 1,
            ..view.get_untracked()
        });
    };
    move || {
        if searched.get() {
            view! {
                <p class="empty-title">{t!(i18n, keys.none_found)}</p>
                <p>
                    <button type="button" class="button" data-action="clear" on:click=clear>
                        {t!(i18n, keys.clear)}
                    </button>
                </p>
            }
            .into_any()
        } else {
            view! {
                <p class="empty-title">{t!(i18n, keys.none_active)}</p>
                <p>
                    <button type="button" class="button" data-action="show-all" on:click=show_all>
                        {t!(i18n, keys.show_all)}
                    </button>
                </p>
            }
            .into_any()
        }
    }
}
