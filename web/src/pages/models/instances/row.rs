//! One instance.

use leptos::prelude::*;
use leptos_router::components::A;
use understudy_shared::{
    InstanceKind, InstanceState, InstanceStatus, ModelInstance, ModelInstanceId,
};
use uuid::Uuid;

use super::actions::Actions;
use super::path;
use crate::age::Age;
use crate::clock::use_clock;
use crate::components::badge::StateBadge;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::Cell;
use crate::components::table::{CheckBox, Row};
use crate::i18n::words::{self, Plural, Words};
use crate::i18n::{t, t_string, use_i18n};
use crate::live::use_live;
use crate::pages::models::condition::shown_state;
use crate::pages::models::list::Table;
use crate::pages::models::list::{List, Listed};
use crate::pages::models::members::Members;

/// The row. It is made once; what it shows renews itself.
#[component]
pub fn InstanceRow(
    /// The instance.
    row: Row<Uuid, ModelInstance>,
    /// The list that it stands in.
    list: List<ModelInstance>,
    /// Which instances are in which groups.
    members: Members,
) -> impl IntoView {
    let i18n = use_i18n();
    let live = use_live();
    let id = row.id;
    let item: ReadSignal<ModelInstance> = row.item.read_only().into();
    let deeds = list.deeds;
    let name = Memo::new(move |_| item.with(|instance| instance.name.clone()));
    let enabled = Memo::new(move |_| {
        let enabled = item.with(|instance| instance.enabled);
        deeds.is_enabled(id, enabled, list.load.asked_at())
    });
    let status = Memo::new(move |_| {
        let status = item.with(|instance| live.status_of_instance(instance, list.load.asked_at()));
        InstanceStatus {
            state: shown_state(enabled.get(), status.state),
            ..status
        }
    });
    let checking = RwSignal::new(false);
    let state_name = move || state_name(status.with(|status| status.state));
    let selected = Signal::derive(move || deeds.selection.has(id));
    let label =
        move |words: fn(Words) -> &'static str| Signal::derive(move || words(i18n).to_owned());
    let target = move || item.with_untracked(Listed::target);
    view! {
        <tr
            role="row"
            data-id=id.to_string()
            data-name=move || name.get()
            data-state=state_name
            data-selected=move || selected.get().to_string()
            aria-busy=move || checking.get().to_string()
        >
            <td role="cell" data-column="select">
                <CheckBox
                    label=name
                    checked=selected
                    on_change=move |checked| deeds.selection.set([target()], checked)
                />
            </td>
            <th role="rowheader" scope="row" data-column="name">
                <A href=path(id) attr:class="row-link strong" attr:data-action="open">
                    <span class="cut" data-tip-cut="">{move || name.get()}</span>
                </A>
                <About item />
            </th>
            <Cell column="state" label=label(|i18n| t_string!(i18n, models.instances.state))>
                <State status checking />
            </Cell>
            <Cell column="endpoint" label=label(|i18n| t_string!(i18n, models.instances.kind))>
                <Place item />
            </Cell>
            <Cell column="model" label=label(|i18n| t_string!(i18n, models.instances.model))>
                <Model item />
                <InGroups id list members />
            </Cell>
            <Cell column="latency" label=label(|i18n| t_string!(i18n, models.instances.latency))>
                {move || latency(i18n, status.with(|status| status.latency_ms))}
            </Cell>
            <td role="cell" data-column="actions">
                <Actions id item list members name enabled status checking />
            </td>
        </tr>
    }
}

/// Its labels, or what it is described by.
#[component]
fn About(item: ReadSignal<ModelInstance>) -> impl IntoView {
    let text = Memo::new(move |_| {
        item.with(|instance| {
            let mut parts: Vec<String> = instance
                .labels
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            let first = instance.description.lines().next().unwrap_or_default();
            if !first.is_empty() {
                parts.insert(0, first.to_owned());
            }
            parts.join(" · ")
        })
    });
    view! {
        <Show when=move || !text.with(String::is_empty)>
            <span class="minor cut" data-part="about" data-tip-cut="">{move || text.get()}</span>
        </Show>
    }
}

/// How it is, for how long, why, and until when.
#[component]
fn State(status: Memo<InstanceStatus>, checking: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let clock = use_clock();
    let reason =
        Memo::new(move |_| status.with(|status| words::reason(i18n, &status.code, &status.reason)));
    // Of a pause its badge says everything.
    let told = move || status.with(|status| status.state != InstanceState::Disabled);
    // The clock ticks every second; the page changes when the words do.
    let left = Memo::new(move |_| {
        let at = status.with(|status| status.retry_at)?;
        let now = clock.now();
        (at > now).then(|| {
            let left = words::age(i18n, Age::between(now, at));
            t_string!(i18n, models.instances.left, left)
        })
    });
    view! {
        <div class="state-line">
            <StateBadge
                state=Signal::derive(move || status.with(|status| status.state))
                since=Signal::derive(move || status.with(|status| status.since))
            />
        </div>
        <Show
            when=move || checking.get()
            fallback=move || {
                view! {
                    <span
                        class="minor cut"
                        data-part="reason"
                        data-tip-cut=""
                        lang=move || reason.get().lang
                    >
                        {move || told().then(|| reason.get().text)}
                        {move || left.get()}
                    </span>
                }
            }
        >
            <span class="minor" role="status">{t!(i18n, models.instances.checking)}</span>
        </Show>
    }
}

/// Where it runs, and its address.
#[component]
fn Place(item: ReadSignal<ModelInstance>) -> impl IntoView {
    let i18n = use_i18n();
    let kind = Memo::new(move |_| item.with(|instance| instance.kind));
    let icon = Signal::derive(move || match kind.get() {
        InstanceKind::Local => Icon::Chip,
        InstanceKind::Network => Icon::Network,
        InstanceKind::Cloud => Icon::Cloud,
    });
    let address = Memo::new(move |_| item.with(|instance| instance.base_url.clone()));
    view! {
        <span class="with-icon">
            <Glyph icon />
            {move || words::kind(i18n, kind.get())}
        </span>
        <code class="minor cut" data-tip-cut="">{move || address.get()}</code>
    }
}

#[component]
fn Model(item: ReadSignal<ModelInstance>) -> impl IntoView {
    let i18n = use_i18n();
    let model = Memo::new(move |_| item.with(|instance| instance.model.clone()));
    move || match model.get() {
        Some(model) => view! { <code class="cut" data-tip-cut="">{model}</code> }.into_any(),
        None => view! {
            <span class="minor">{t!(i18n, models.instances.model_any)}</span>
        }
        .into_any(),
    }
}

/// In how many groups it is; the way to them.
#[component]
fn InGroups(id: Uuid, list: List<ModelInstance>, members: Members) -> impl IntoView {
    let i18n = use_i18n();
    let count = Memo::new(move |_| members.count(ModelInstanceId(id)));
    move || {
        let count = count.get()?;
        if count == 0 {
            return Some(
                view! { <span class="minor">{t!(i18n, models.instances.in_none)}</span> }
                    .into_any(),
            );
        }
        let text = move || match words::plural(i18n, count) {
            Plural::One => t_string!(i18n, models.instances.in_one, count),
            Plural::Few => t_string!(i18n, models.instances.in_few, count),
            Plural::Many => t_string!(i18n, models.instances.in_many, count),
        };
        let href = move || {
            let related = Table::Groups
                .at(list.address)
                .related("instance", &id.to_string());
            format!("{related}#groups")
        };
        Some(
            view! {
                <A
                    href=href
                    attr:class="row-link quiet-link minor"
                    attr:data-action="related"
                    attr:data-tip=move || t_string!(i18n, models.instances.show_groups)
                >
                    {text}
                </A>
            }
            .into_any(),
        )
    }
}

fn latency(i18n: Words, millis: Option<u64>) -> String {
    let Some(millis) = millis else {
        return "—".to_owned();
    };
    let number = i64::try_from(millis).unwrap_or(i64::MAX);
    let count = words::number(i18n, number);
    t_string!(i18n, models.instances.milliseconds, count)
}

/// The name of a state on the wire.
fn state_name(state: InstanceState) -> Option<String> {
    let value = serde_json::to_value(state).ok()?;
    value.as_str().map(str::to_owned)
}
