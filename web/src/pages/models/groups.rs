//! The section «Модели»: the groups, and who of each would answer now.

mod row;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use understudy_shared::{ModelGroup, ModelInstanceId, ProblemCode};
use uuid::Uuid;

use super::deeds::Target;
use super::list::{List, Listed};
use super::tools::{ActionsHeading, BulkBar, Reports, SelectAllHeading, Tools};
use crate::api::use_api;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::ListSection;
use crate::components::table::{Chip, Choice, FilterSelect, Heading, SortHeading};
use crate::i18n::words::Words;
use crate::i18n::{t, t_string, use_i18n};
use crate::listing::{ListPager, NoMatch, Step};
use row::GroupRow;

impl Listed for ModelGroup {
    fn target(&self) -> Target {
        Target {
            id: self.id.0,
            title: self.title.clone(),
            name: self.name.clone(),
            version: self.version,
            enabled: self.enabled,
        }
    }
}

/// The section.
#[component]
pub fn Groups(
    /// The groups.
    list: List<ModelGroup>,
    /// Whether this person may change groups.
    manages: bool,
    /// Whether there are instances to make a group of, once that is known.
    #[prop(into)]
    has_instances: Signal<Option<bool>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let word =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let sorting = list.shown.sorting();
    let tools = move || view! { <GroupTools list manages /> };
    let actions = move || {
        manages.then(|| {
            view! {
                <A
                    href="/models/groups/new"
                    attr:class="button primary"
                    attr:data-action="create-group"
                >
                    <Glyph icon=Icon::Plus />
                    {t!(i18n, models.create)}
                </A>
            }
        })
    };
    view! {
        <ListSection
            id="groups"
            title=word(|i18n| t_string!(i18n, models.groups.title))
            hint=word(|i18n| t_string!(i18n, models.groups.hint))
            count=Signal::derive(move || list.total())
            stage=Signal::derive(move || list.stage())
            changing=Signal::derive(move || list.is_changing())
            retry=move |()| list.load.refresh()
            empty=move || view! { <Empty manages has_instances /> }
            no_match=move || {
                let title = word(|i18n| t_string!(i18n, models.groups.no_match));
                view! { <NoMatch shown=list.shown section=list.table.id() title /> }
            }
            actions
            tools
            notices=move || view! { <Reports list /> }
        >
            <table
                role="table"
                aria-labelledby="groups-title"
                on:pointermove=move |_| list.deeds.pointer.moved()
                on:pointerleave=move |_| list.deeds.pointer.left()
            >
                <thead role="rowgroup">
                    <tr role="row">
                        {manages.then(|| view! { <SelectAllHeading list /> })}
                        <SortHeading
                            column="name"
                            key="title"
                            label=word(|i18n| t_string!(i18n, models.groups.name))
                            sorting
                        />
                        <Heading
                            column="would_answer"
                            label=word(|i18n| t_string!(i18n, models.groups.would_answer))
                        />
                        <Heading
                            column="availability"
                            label=word(|i18n| t_string!(i18n, models.groups.availability))
                        />
                        <SortHeading
                            column="strategy"
                            key="strategy"
                            label=word(|i18n| t_string!(i18n, models.groups.strategy))
                            sorting
                        />
                        {manages.then(|| view! { <ActionsHeading /> })}
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || list.rows.get() key=|row| row.id let:row>
                        <GroupRow row list manages />
                    </For>
                </tbody>
            </table>
            <ListPager shown=list.shown total=Signal::derive(move || list.total()) />
        </ListSection>
    }
}

#[component]
fn GroupTools(list: List<ModelGroup>, manages: bool) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let word =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let (state, set_state) = list.shown.filter("state");
    let (strategy, set_strategy) = list.shown.filter("strategy");
    let (enabled, set_enabled) = list.shown.filter("enabled");
    let choice =
        move |value, words: fn(Words) -> &'static str| Choice::new(value, move || words(i18n));
    view! {
        <Tools list label=word(|i18n| t_string!(i18n, models.groups.search))>
            <FilterSelect
                name="state"
                label=word(|i18n| t_string!(i18n, models.filter.state))
                any=word(|i18n| t_string!(i18n, models.filter.any_state))
                choices=vec![
                    choice("available", |i18n| t_string!(i18n, models.groups.ready)),
                    choice("unavailable", |i18n| t_string!(i18n, models.groups.unavailable)),
                    choice("disabled", |i18n| t_string!(i18n, models.groups.paused)),
                ]
                value=state
                on_change=set_state
            />
            <FilterSelect
                name="strategy"
                label=word(|i18n| t_string!(i18n, models.filter.strategy))
                any=word(|i18n| t_string!(i18n, models.filter.any_strategy))
                choices=vec![
                    choice("first_available", |i18n| {
                        t_string!(i18n, group.strategy.first_available)
                    }),
                    choice("weighted", |i18n| t_string!(i18n, group.strategy.weighted)),
                    choice("least_busy", |i18n| t_string!(i18n, group.strategy.least_busy)),
                    choice("fastest", |i18n| t_string!(i18n, group.strategy.fastest)),
                ]
                value=strategy
                on_change=set_strategy
            />
            <FilterSelect
                name="enabled"
                label=word(|i18n| t_string!(i18n, models.filter.enabled))
                any=word(|i18n| t_string!(i18n, models.filter.any_enabled))
                choices=vec![
                    choice("true", |i18n| t_string!(i18n, models.filter.only_enabled)),
                    choice("false", |i18n| t_string!(i18n, models.filter.only_paused)),
                ]
                value=enabled
                on_change=set_enabled
            />
            <RelatedInstance list />
        </Tools>
        {manages
            .then(|| {
                let fetch = move |query: String| async move { api.list_model_groups(&query).await };
                view! { <BulkBar list fetch warn=Callback::new(move |targets| warning(i18n, targets)) /> }
            })}
    }
}

/// The instance whose groups alone are shown.
#[component]
fn RelatedInstance(list: List<ModelGroup>) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let (instance, set_instance) = list.shown.filter("instance");
    let instance = Memo::new(move |_| {
        let id = instance.get()?;
        id.parse::<ModelInstanceId>().ok()
    });
    let name = RwSignal::new(None::<String>);
    Effect::new(move || {
        name.set(None);
        let Some(id) = instance.get() else { return };
        spawn_local(async move {
            match api.get_model_instance(id).await {
                Ok(found) => {
                    if instance.try_get_untracked() == Some(Some(id)) {
                        name.try_set(Some(found.name));
                    }
                }
                Err(error) => {
                    let gone = error
                        .problem()
                        .is_some_and(|problem| problem.code == ProblemCode::NotFound);
                    if gone && instance.try_get_untracked() == Some(Some(id)) {
                        list.change(Step::Replace, |state| state.set_filter("instance", None));
                    }
                }
            }
        });
    });
    let text = Signal::derive(move || {
        let name = name.get().unwrap_or_else(|| "…".to_owned());
        t_string!(i18n, models.groups.of_instance, name)
    });
    view! {
        <Show when=move || instance.get().is_some()>
            <Chip name="instance" text on_remove=move |()| set_instance.run(None) />
        </Show>
    }
}

/// What deleting these groups would break.
fn warning(i18n: Words, targets: Vec<Target>) -> ViewFn {
    ViewFn::from(move || {
        let names = targets
            .iter()
            .map(|target| view! { <li><code>{target.name.clone()}</code></li> })
            .collect_view();
        view! {
            <p>{t!(i18n, models.groups.delete_warning)}</p>
            <ul class="inline-list">{names}</ul>
            <p>{t!(i18n, models.groups.delete_keeps)}</p>
        }
    })
}

/// The next step for somebody who has no groups.
#[component]
fn Empty(manages: bool, has_instances: Signal<Option<bool>>) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        if !manages {
            return view! {
                <p class="empty-title">{t!(i18n, models.groups.empty)}</p>
                <p>{t!(i18n, models.groups.empty_user)}</p>
            }
            .into_any();
        }
        if has_instances.get() == Some(false) {
            return view! {
                <p class="empty-title">{t!(i18n, models.groups.empty)}</p>
                <p>{t!(i18n, models.groups.empty_before_instances)}</p>
                <p>
                    <A
                        href="/models/instances/new"
                        attr:class="button"
                        attr:data-action="first-instance"
                    >
                        {t!(i18n, models.groups.connect_first)}
                    </A>
                </p>
            }
            .into_any();
        }
        view! {
            <p class="empty-title">{t!(i18n, models.groups.empty)}</p>
            <p>{t!(i18n, models.groups.empty_hint)}</p>
            <p>
                <A href="/models/groups/new" attr:class="button" attr:data-action="first-group">
                    {t!(i18n, models.groups.create_first)}
                </A>
            </p>
        }
        .into_any()
    }
}

/// The page of a group.
pub(super) fn path(id: Uuid) -> String {
    format!("/models/groups/{id}")
}
