//! The section «Экземпляры моделей»: the connections to backends, and how each is at this moment.

mod actions;
mod row;

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{
    InstanceKind, InstanceState, ModelGroupId, ModelInstance, ModelInstanceId,
};
use uuid::Uuid;

use super::deeds::Target;
use super::list::{List, Listed};
use super::members::Members;
use super::tools::{ActionsHeading, BulkBar, Reports, SelectAllHeading, Tools};
use crate::api::use_api;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::ListSection;
use crate::components::table::{Chip, Choice, FilterSelect, Heading, SortHeading};
use crate::i18n::words::{self, Words};
use crate::i18n::{t, t_string, use_i18n};
use crate::listing::{ListPager, NoMatch, Step};
use row::InstanceRow;

impl Listed for ModelInstance {
    fn target(&self) -> Target {
        Target {
            id: self.id.0,
            title: self.name.clone(),
            name: self.name.clone(),
            version: self.version,
            enabled: self.enabled,
        }
    }
}

/// The section.
#[component]
pub fn Instances(
    /// The instances.
    list: List<ModelInstance>,
    /// Which of them are in which groups.
    members: Members,
) -> impl IntoView {
    let i18n = use_i18n();
    let word =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let sorting = list.shown.sorting();
    let create = move |class: &'static str| {
        view! {
            <A
                href="/models/instances/new"
                attr:class=class
                attr:data-action="create-instance"
            >
                <Glyph icon=Icon::Plus />
                {t!(i18n, models.create)}
            </A>
        }
    };
    let empty = move || {
        view! {
            <p class="empty-title">{t!(i18n, models.instances.empty)}</p>
            <p>{t!(i18n, models.instances.empty_hint)}</p>
            <p>
                <A
                    href="/models/instances/new"
                    attr:class="button"
                    attr:data-action="first-instance"
                >
                    {t!(i18n, models.instances.create_first)}
                </A>
            </p>
        }
    };
    view! {
        <ListSection
            id="instances"
            title=word(|i18n| t_string!(i18n, models.instances.title))
            hint=word(|i18n| t_string!(i18n, models.instances.hint))
            count=Signal::derive(move || list.total())
            stage=Signal::derive(move || list.stage())
            changing=Signal::derive(move || list.is_changing())
            retry=move |()| list.load.refresh()
            empty
            no_match=move || {
                let title = word(|i18n| t_string!(i18n, models.instances.no_match));
                view! { <NoMatch shown=list.shown section=list.table.id() title /> }
            }
            actions=move || create("button primary")
            tools=move || view! { <InstanceTools list members /> }
            notices=move || view! { <Reports list /> }
        >
            <table
                role="table"
                aria-labelledby="instances-title"
                on:pointermove=move |_| list.deeds.pointer.moved()
                on:pointerleave=move |_| list.deeds.pointer.left()
            >
                <thead role="rowgroup">
                    <tr role="row">
                        <SelectAllHeading list />
                        <SortHeading
                            column="name"
                            key="name"
                            label=word(|i18n| t_string!(i18n, models.instances.name))
                            sorting
                        />
                        <Heading
                            column="state"
                            label=word(|i18n| t_string!(i18n, models.instances.state))
                        />
                        <SortHeading
                            column="endpoint"
                            key="kind"
                            label=word(|i18n| t_string!(i18n, models.instances.kind))
                            sorting
                        />
                        <SortHeading
                            column="model"
                            key="model"
                            label=word(|i18n| t_string!(i18n, models.instances.model))
                            sorting
                        />
                        <Heading
                            column="latency"
                            label=word(|i18n| t_string!(i18n, models.instances.latency))
                        />
                        <ActionsHeading />
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || list.rows.get() key=|row| row.id let:row>
                        <InstanceRow row list members />
                    </For>
                </tbody>
            </table>
            <ListPager shown=list.shown total=Signal::derive(move || list.total()) />
        </ListSection>
    }
}

const STATES: [(&str, InstanceState); 8] = [
    ("up", InstanceState::Up),
    ("down", InstanceState::Down),
    ("unknown", InstanceState::Unknown),
    ("cooling", InstanceState::Cooling),
    ("ejected", InstanceState::Ejected),
    ("auth_failed", InstanceState::AuthFailed),
    ("drilled", InstanceState::Drilled),
    ("disabled", InstanceState::Disabled),
];

#[component]
fn InstanceTools(list: List<ModelInstance>, members: Members) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let word =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let (state, set_state) = list.shown.filter("state");
    let (kind, set_kind) = list.shown.filter("kind");
    let (enabled, set_enabled) = list.shown.filter("enabled");
    let states = STATES
        .into_iter()
        .map(move |(name, state)| Choice::new(name, move || words::state(i18n, state)));
    let kinds = InstanceKind::ALL
        .into_iter()
        .map(move |kind| Choice::new(kind.as_str(), move || words::kind(i18n, kind)));
    let fetch = move |query: String| async move { api.list_model_instances(&query).await };
    view! {
        <Tools list label=word(|i18n| t_string!(i18n, models.instances.search))>
            <FilterSelect
                name="state"
                label=word(|i18n| t_string!(i18n, models.filter.state))
                any=word(|i18n| t_string!(i18n, models.filter.any_state))
                choices=states.collect()
                value=state
                on_change=set_state
            />
            <FilterSelect
                name="kind"
                label=word(|i18n| t_string!(i18n, models.filter.kind))
                any=word(|i18n| t_string!(i18n, models.filter.any_kind))
                choices=kinds.collect()
                value=kind
                on_change=set_kind
            />
            <FilterSelect
                name="enabled"
                label=word(|i18n| t_string!(i18n, models.filter.enabled))
                any=word(|i18n| t_string!(i18n, models.filter.any_enabled))
                choices=vec![
                    Choice::new(
                        "true",
                        move || t_string!(i18n, models.filter.only_enabled),
                    ),
                    Choice::new(
                        "false",
                        move || t_string!(i18n, models.filter.only_paused),
                    ),
                ]
                value=enabled
                on_change=set_enabled
            />
            <RelatedGroup list members />
        </Tools>
        <BulkBar list fetch warn=Callback::new(move |targets| warning(i18n, members, targets)) />
    }
}

/// The group whose instances alone are shown.
#[component]
fn RelatedGroup(list: List<ModelInstance>, members: Members) -> impl IntoView {
    let i18n = use_i18n();
    let (group, set_group) = list.shown.filter("group");
    let group = Memo::new(move |_| group.get()?.parse::<ModelGroupId>().ok());
    let title = Memo::new(move |_| members.title(group.get()?));
    Effect::new(move || {
        // Everything is known, and there is no such group.
        if title.get() == Some(None) {
            list.change(Step::Replace, |state| state.set_filter("group", None));
        }
    });
    let text = Signal::derive(move || {
        let name = title.get().flatten().unwrap_or_else(|| "…".to_owned());
        t_string!(i18n, models.instances.of_group, name)
    });
    view! {
        <Show when=move || group.get().is_some()>
            <Chip name="group" text on_remove=move |()| set_group.run(None) />
        </Show>
    }
}

/// What deleting these instances would break.
fn warning(i18n: Words, members: Members, targets: Vec<Target>) -> ViewFn {
    ViewFn::from(move || {
        let used: Vec<_> = targets
            .iter()
            .map(|target| (target, members.groups_of(ModelInstanceId(target.id))))
            .filter(|(_, groups)| !groups.is_empty())
            .map(|(target, groups)| {
                let groups = groups
                    .into_iter()
                    .map(|group| {
                        view! { <li><A href=super::groups::path(group.id.0)>{group.title}</A></li> }
                    })
                    .collect_view();
                view! {
                    <li>
                        <span class="strong">{target.title.clone()}</span>
                        ": "
                        <ul class="inline-list">{groups}</ul>
                    </li>
                }
            })
            .collect();
        let names = (targets.len() > 1).then(|| {
            let names = targets
                .iter()
                .map(|target| view! { <li>{target.title.clone()}</li> })
                .collect_view();
            view! { <ul class="inline-list">{names}</ul> }
        });
        let used = (!used.is_empty()).then(|| {
            view! {
                <div class="used" data-part="used">
                    <p>{t!(i18n, models.instances.delete_used)}</p>
                    <ul class="report-list">{used}</ul>
                </div>
            }
        });
        view! {
            <p>{t!(i18n, models.instances.delete_warning)}</p>
            {names}
            {used}
        }
    })
}

/// The page of an instance.
pub(super) fn path(id: Uuid) -> String {
    format!("/models/instances/{id}")
}
