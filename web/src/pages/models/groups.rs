//! The section «Модели»: the groups, and who of each would answer now.

use leptos::prelude::*;
use understudy_shared::{ModelGroup, Page};

use super::{ApiHint, Shown, stage};
use crate::components::badge::{Badge, Tone};
use crate::components::icon::Icon;
use crate::components::section::{Cell, ListSection};
use crate::i18n::{t, t_string, use_i18n};
use crate::load::Load;

/// The section.
#[component]
pub fn Groups(
    /// The groups.
    load: Load<Page<ModelGroup>>,
    /// Whether this person may create groups.
    manages: bool,
) -> impl IntoView {
    let i18n = use_i18n();
    let empty = move || {
        if !manages {
            return view! {
                <p class="empty-title">{t!(i18n, models.groups.empty)}</p>
                <p>{t!(i18n, models.groups.empty_user)}</p>
            }
            .into_any();
        }
        view! {
            <p class="empty-title">{t!(i18n, models.groups.empty)}</p>
            <p>{t!(i18n, models.groups.empty_hint)} " " {t!(i18n, models.groups.empty_after_instances)}</p>
            <ApiHint resource="model-groups" />
        }
        .into_any()
    };
    view! {
        <ListSection
            id="groups"
            title=Signal::derive(move || t_string!(i18n, models.groups.title).to_owned())
            hint=Signal::derive(move || t_string!(i18n, models.groups.hint).to_owned())
            count=Signal::derive(move || load.with(|page| page.total))
            stage=Signal::derive(move || stage(load))
            retry=move |()| load.refresh()
            empty
        >
            <table role="table" aria-labelledby="groups-title">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">{t!(i18n, models.groups.name)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.groups.state)}</th>
                        <th role="columnheader" scope="col">{t!(i18n, models.groups.would_answer)}</th>
                        <th role="columnheader" scope="col" class="number">
                            {t!(i18n, models.groups.availability)}
                        </th>
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    {move || {
                        load.value()
                            .map(|page| {
                                page.items
                                    .into_iter()
                                    .map(|group| view! { <GroupRow group /> })
                                    .collect_view()
                            })
                    }}
                </tbody>
            </table>
            {move || {
                load.with(|page| (page.items.len(), page.total))
                    .map(|(shown, total)| view! { <Shown shown total /> })
            }}
        </ListSection>
    }
}

#[component]
fn GroupRow(group: ModelGroup) -> impl IntoView {
    let i18n = use_i18n();
    let ModelGroup {
        id,
        name,
        title,
        enabled,
        status,
        ..
    } = group;
    let condition = Condition::of(enabled, status.available);
    let (tone, icon) = condition.look();
    let word = Signal::derive(move || {
        match condition {
            Condition::Ready => t_string!(i18n, models.groups.ready),
            Condition::Unavailable => t_string!(i18n, models.groups.unavailable),
            Condition::Paused => t_string!(i18n, models.groups.paused),
        }
        .to_owned()
    });
    let answers = match status.would_answer {
        Some(instance) => view! { <span class="strong">{instance.name}</span> }.into_any(),
        None => view! { <span class="minor">{t!(i18n, models.groups.nobody)}</span> }.into_any(),
    };
    let (available, total) = (status.available_members, status.total_members);
    // Without a title of its own a group is shown by its name, once.
    let (first_line, second_line) = if title.is_empty() || title == name {
        (name.clone(), None)
    } else {
        (title, Some(name.clone()))
    };
    let second_line = second_line.map(|name| view! { <code class="minor">{name}</code> });
    view! {
        <tr role="row" data-id=id.to_string() data-name=name data-state=condition.as_str()>
            <th role="rowheader" scope="row" data-column="name">
                <span class="strong">{first_line}</span>
                {second_line}
            </th>
            <Cell
                column="state"
                label=Signal::derive(move || t_string!(i18n, models.groups.state).to_owned())
            >
                <Badge tone icon word />
            </Cell>
            <Cell
                column="would_answer"
                label=Signal::derive(move || t_string!(i18n, models.groups.would_answer).to_owned())
            >
                {answers}
            </Cell>
            <Cell
                column="availability"
                label=Signal::derive(move || t_string!(i18n, models.groups.availability).to_owned())
            >
                {move || t_string!(i18n, models.groups.count, available, total)}
            </Cell>
        </tr>
    }
}

/// What a group can do for a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Ready,
    Unavailable,
    Paused,
}

impl Condition {
    fn of(enabled: bool, available: bool) -> Self {
        match (enabled, available) {
            (false, _) => Self::Paused,
            (true, true) => Self::Ready,
            (true, false) => Self::Unavailable,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unavailable => "unavailable",
            Self::Paused => "paused",
        }
    }

    fn look(self) -> (Tone, Icon) {
        match self {
            Self::Ready => (Tone::Ok, Icon::Check),
            Self::Unavailable => (Tone::Bad, Icon::Cross),
            Self::Paused => (Tone::Idle, Icon::Pause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_group_is_paused_whoever_could_answer() {
        assert_eq!(Condition::of(false, true), Condition::Paused);
        assert_eq!(Condition::of(false, false), Condition::Paused);
        assert_eq!(Condition::of(true, true), Condition::Ready);
        assert_eq!(Condition::of(true, false), Condition::Unavailable);
    }
}
