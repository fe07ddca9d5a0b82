//! One group.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{GroupStatus, ModelGroup, ModelGroupId, Strategy};
use uuid::Uuid;

use super::{path, warning};
use crate::age::Age;
use crate::clock::use_clock;
use crate::components::badge::Badge;
use crate::components::icon::{Glyph, Icon};
use crate::components::menu::{Menu, MenuItem};
use crate::components::section::Cell;
use crate::components::table::{CheckBox, Row};
use crate::i18n::words::{self, Words};
use crate::i18n::{t_string, use_i18n};
use crate::live::use_live;
use crate::pages::dialogs::{self, start::use_start_dialog};
use crate::pages::models::condition::{Condition, Why, pip, why};
use crate::pages::models::deeds::Target;
use crate::pages::models::list::Table;
use crate::pages::models::list::{List, Listed};

/// The row. It is made once; what it shows renews itself.
#[component]
pub fn GroupRow(
    /// The group.
    row: Row<Uuid, ModelGroup>,
    /// The list that it stands in.
    list: List<ModelGroup>,
    /// Whether this person may change it.
    manages: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let id = row.id;
    let item: ReadSignal<ModelGroup> = row.item.read_only().into();
    let deeds = list.deeds;
    let title = Memo::new(move |_| item.with(|group| group.title.clone()));
    let name = Memo::new(move |_| item.with(|group| group.name.clone()));
    let enabled = Memo::new(move |_| {
        let enabled = item.with(|group| group.enabled);
        deeds.is_enabled(id, enabled, list.load.asked_at())
    });
    let status =
        Memo::new(move |_| item.with(|group| live.status_of_group(group, list.load.asked_at())));
    let condition =
        Memo::new(move |_| Condition::of(enabled.get(), status.with(|status| status.available)));
    let selected = Signal::derive(move || deeds.selection.has(id));
    let label =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let target = move || item.with_untracked(Listed::target);
    view! {
        <tr
            role="row"
            data-id=id.to_string()
            data-name=move || name.get()
            data-state=move || condition.get().as_str()
            data-selected=move || selected.get().to_string()
        >
            {manages
                .then(|| {
                    view! {
                        <td role="cell" data-column="select">
                            <CheckBox
                                label=title
                                checked=selected
                                on_change=move |checked| deeds.selection.set([target()], checked)
                            />
                        </td>
                    }
                })}
            <th role="rowheader" scope="row" data-column="name">
                <Name id title name linked=manages />
            </th>
            <Cell
                column="would_answer"
                label=label(|i18n| t_string!(i18n, models.groups.would_answer))
            >
                <Answers item condition status />
            </Cell>
            <Cell
                column="availability"
                label=label(|i18n| t_string!(i18n, models.groups.availability))
            >
                <Availability id list status linked=manages />
            </Cell>
            <Cell column="strategy" label=label(|i18n| t_string!(i18n, models.groups.strategy))>
                {move || strategy(i18n, item.with(|group| group.strategy))}
            </Cell>
            {manages
                .then(|| {
                    view! {
                        <td role="cell" data-column="actions">
                            <Actions id item list title enabled />
                        </td>
                    }
                })}
        </tr>
    }
}

/// Without a title of its own a group is shown by its name, once.
#[component]
fn Name(id: Uuid, title: Memo<String>, name: Memo<String>, linked: bool) -> impl IntoView {
    let text = move || view! { <span class="cut" data-tip-cut="">{move || title.get()}</span> };
    view! {
        {if linked {
            view! {
                <A href=path(id) attr:class="row-link strong" attr:data-action="open">
                    {text()}
                </A>
            }
                .into_any()
        } else {
            view! { <span class="strong">{text()}</span> }.into_any()
        }}
        <Show when=move || title.get() != name.get()>
            <code class="minor cut" data-tip-cut="">{move || name.get()}</code>
        </Show>
    }
}

/// Who would answer now, and why it is not somebody else.
#[component]
fn Answers(
    item: ReadSignal<ModelGroup>,
    condition: Memo<Condition>,
    status: Memo<GroupStatus>,
) -> impl IntoView {
    let i18n = use_i18n();
    let who = move || {
        let who = status.with(|status| status.would_answer.clone());
        match (condition.get(), who) {
            (Condition::Ready, Some(who)) => view! {
                <span class="strong cut" data-part="who" data-tip-cut="">{who.name}</span>
            }
            .into_any(),
            (condition, _) => {
                let (tone, icon) = condition.look();
                let word = Signal::derive(move || {
                    match condition {
                        Condition::Paused => t_string!(i18n, models.groups.paused),
                        _ => t_string!(i18n, models.groups.nobody),
                    }
                    .to_owned()
                });
                view! { <Badge tone icon word /> }.into_any()
            }
        }
    };
    let reason = Memo::new(move |_| {
        let first = item.with(|group| group.members.first().map(|member| member.instance_id));
        status.with(|status| why(status, first))
    });
    let clock = use_clock();
    let explained = move || {
        if condition.get() == Condition::Paused {
            return None;
        }
        match reason.get() {
            Why::FirstInOrder => Some(t_string!(i18n, models.groups.first_in_order).to_owned()),
            Why::NoMembers => Some(t_string!(i18n, models.groups.no_members).to_owned()),
            Why::Strategy => None,
            Why::PassedOver(member) => {
                let reason = words::reason(i18n, &member.code, &member.reason).text;
                let left = member.retry_at.filter(|at| *at > clock.now());
                let name = member.name;
                Some(match left {
                    Some(at) => {
                        let left = words::age(i18n, Age::between(clock.now(), at));
                        t_string!(i18n, models.groups.passed_over_for, name, reason, left)
                    }
                    None => t_string!(i18n, models.groups.passed_over, name, reason),
                })
            }
        }
    };
    // The clock ticks every second; the page changes when the words do.
    let explained = Memo::new(move |_| explained());
    view! {
        {who}
        <span class="minor cut" data-part="why" data-tip-cut="">{move || explained.get()}</span>
    }
}

/// How many members could answer, each as a mark; the way to those instances.
#[component]
fn Availability(
    id: Uuid,
    list: List<ModelGroup>,
    status: Memo<GroupStatus>,
    linked: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let pips = move || {
        status.with(|status| {
            // A few are seen at a glance; of many the number says more.
            let shown = status.member_states.iter().take(12);
            shown
                .map(|state| view! { <i data-pip=pip(*state)></i> })
                .collect_view()
        })
    };
    let text = move || {
        let (available, total) =
            status.with(|status| (status.available_members, status.total_members));
        t_string!(i18n, models.groups.count, available, total)
    };
    let content = move || {
        view! {
            <span class="pips" aria-hidden="true">{pips}</span>
            <span>{text}</span>
        }
    };
    if !linked {
        return content().into_any();
    }
    let href = move || {
        let related = Table::Instances
            .at(list.address)
            .related("group", &id.to_string());
        format!("{related}#instances")
    };
    view! {
        <A
            href=href
            attr:class="row-link quiet-link"
            attr:data-action="related"
            attr:data-tip=move || t_string!(i18n, models.groups.show_instances)
        >
            {content()}
        </A>
    }
    .into_any()
}

/// What can be done with the group.
#[component]
fn Actions(
    id: Uuid,
    item: ReadSignal<ModelGroup>,
    list: List<ModelGroup>,
    title: Memo<String>,
    enabled: Memo<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let deeds = list.deeds;
    let (start, _) = use_start_dialog();
    let edit = move || t_string!(i18n, models.edit, name = title.get());
    let target = move || Target {
        enabled: enabled.get_untracked(),
        ..item.with_untracked(Listed::target)
    };
    // What it says is of the moment at which it opens.
    let items = move || {
        untrack(|| {
            let related = Table::Instances
                .at(list.address)
                .related("group", &id.to_string());
            let toggle = if enabled.get_untracked() {
                MenuItem::run(
                    "pause",
                    Icon::Pause,
                    t_string!(i18n, models.deeds.pause),
                    move || deeds.set_enabled(vec![target()], false),
                )
            } else {
                MenuItem::run(
                    "enable",
                    Icon::Play,
                    t_string!(i18n, models.deeds.enable),
                    move || deeds.set_enabled(vec![target()], true),
                )
            };
            vec![
                MenuItem::go("edit", Icon::Pencil, t_string!(i18n, models.open), path(id)),
                MenuItem::run(
                    "start-dialog",
                    Icon::Chat,
                    t_string!(i18n, dialogs.choose.start),
                    move || start.run(dialogs::targets::Target::Group(ModelGroupId(id))),
                ),
                MenuItem::go(
                    "related",
                    Icon::Server,
                    t_string!(i18n, models.groups.show_instances),
                    format!("{related}#instances"),
                ),
                toggle,
                MenuItem::run(
                    "delete",
                    Icon::Trash,
                    t_string!(i18n, models.deeds.delete_dots),
                    move || {
                        let targets = vec![target()];
                        deeds.delete(targets.clone(), warning(i18n, targets));
                    },
                )
                .danger(),
            ]
        })
    };
    view! {
        <div class="row-actions">
            <A
                href=path(id)
                attr:class="button quiet square small"
                attr:data-action="edit"
                attr:aria-label=edit
                attr:data-tip=move || t_string!(i18n, models.open)
            >
                <Glyph icon=Icon::Pencil />
            </A>
            <Menu
                label=Signal::derive(move || t_string!(i18n, models.more, name = title.get()))
                items
            />
        </div>
    }
}

fn strategy(i18n: Words, strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::FirstAvailable => t_string!(i18n, group.strategy.first_available),
        Strategy::Weighted => t_string!(i18n, group.strategy.weighted),
        Strategy::LeastBusy => t_string!(i18n, group.strategy.least_busy),
        Strategy::Fastest => t_string!(i18n, group.strategy.fastest),
    }
}
