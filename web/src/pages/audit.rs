//! The screen «Журнал действий»: who changed what, when and from where. For administrators alone; nothing here changes anything.

mod changes;
mod export;
mod filters;
mod row;

use leptos::prelude::*;
use understudy_shared::{AuditRecord, ResourceKind, Role};

use super::guard::OnlyFor;
use super::use_title;
use crate::api::use_api;
use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::components::section::{ListSection, StaleNotice};
use crate::components::table::{Heading, SortHeading};
use crate::i18n::{t, t_signal, t_string, use_i18n};
use crate::listing::{
    Filter, IgnoredParts, ListPager, NoMatch, Spec, Values, use_address, use_listing,
};
use export::Export;
use filters::Filters;
use row::RecordRow;

/// The path of the page.
const PATH: &str = "/audit";
/// Id of its section.
const SECTION: &str = "audit";
/// What a name of somebody may have at most.
const LONGEST_NAME: usize = 200;

static RECORDS: Spec = Spec {
    prefix: "",
    sort_keys: &["at"],
    falling: true,
    filters: &[
        Filter::new("action", Values::Known(is_action)),
        Filter::new("actor", Values::Known(is_name)),
        Filter::new(
            "actor_kind",
            Values::OneOf(&["user", "api_key", "command", "service", "anonymous"]),
        ),
        Filter::new("outcome", Values::OneOf(&["success", "failure", "denied"])),
        Filter {
            parameter: "target_id",
            ..Filter::new("target", Values::Id)
        },
        Filter {
            told: Some(|day| moment(browser::start_of_day(day))),
            ..Filter::new("from", Values::Day)
        },
        Filter {
            told: Some(|day| moment(browser::day_after(day))),
            ..Filter::new("to", Values::Day)
        },
    ],
};
static TABLES: [&Spec; 1] = [&RECORDS];

/// An action, or all of a noun: of whatever version, since what this one does not know matches nothing or what another one has written.
fn is_action(text: &str) -> bool {
    let plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let parts = text.split_once('.');
    text.len() <= 100
        && parts.is_some_and(|(noun, verb)| !noun.is_empty() && plain(noun) && plain(verb))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= LONGEST_NAME
}

fn moment(at: Option<chrono::DateTime<chrono::Utc>>) -> String {
    // In UTC, with a Z: a plus would have to be written otherwise in an address.
    let text = at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
    text.unwrap_or_default()
}

/// The log.
#[component]
pub fn AuditPage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, audit.title));
    view! {
        <OnlyFor role=Role::Admin title=t_signal!(i18n, audit.title) text=t_signal!(i18n, audit.only)>
            <Log />
        </OnlyFor>
    }
}

#[component]
fn Log() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let address = use_address(PATH, &TABLES);
    let kinds = &[
        ResourceKind::ModelInstance,
        ResourceKind::ModelGroup,
        ResourceKind::ApiKey,
    ];
    let list = use_listing(
        SECTION,
        address.table(0),
        kinds,
        |record: &AuditRecord| record.id.0,
        move |query: String| async move { api.list_audit_log(&query).await },
    );
    let shown = list.shown;
    let sorting = shown.sorting();
    view! {
        <div class="head">
            <div class="head-text">
                <h1>{t!(i18n, audit.title)}</h1>
                <p class="sub">{t!(i18n, audit.lead)}</p>
            </div>
            <button
                type="button"
                class="button"
                id="refresh"
                aria-busy=move || list.load.is_busy().to_string()
                on:click=move |_| list.load.refresh()
            >
                <Glyph icon=Icon::Refresh />
                {t!(i18n, models.refresh)}
            </button>
            <Export shown />
        </div>
        {move || {
            list.stale()
                .map(|error| view! { <StaleNotice error retry=move |()| list.load.refresh() /> })
        }}
        <IgnoredParts address />
        <ListSection
            id=SECTION
            title=t_signal!(i18n, audit.records)
            hint=Signal::derive(String::new)
            count=Signal::derive(move || list.total())
            stage=Signal::derive(move || list.stage())
            changing=Signal::derive(move || list.is_changing())
            retry=move |()| list.load.refresh()
            tools=move || view! { <Filters shown /> }
            empty=move || {
                view! {
                    <p class="empty-title">{t!(i18n, audit.empty)}</p>
                    <p>{t!(i18n, audit.empty_hint)}</p>
                }
            }
            no_match=move || {
                view! { <NoMatch shown section=SECTION title=t_signal!(i18n, audit.no_match) /> }
            }
        >
            <table role="table" aria-labelledby="audit-title">
                <thead role="rowgroup">
                    <tr role="row">
                        <SortHeading
                            column="at"
                            key="at"
                            label=t_signal!(i18n, audit.columns.at)
                            sorting
                        />
                        <Heading column="actor" label=t_signal!(i18n, audit.columns.actor) />
                        <Heading column="action" label=t_signal!(i18n, audit.columns.action) />
                        <Heading column="target" label=t_signal!(i18n, audit.columns.target) />
                        <Heading column="outcome" label=t_signal!(i18n, audit.columns.outcome) />
                        <Heading
                            column="actions"
                            label=t_signal!(i18n, audit.columns.details)
                            unseen=true
                        />
                    </tr>
                </thead>
                <tbody role="rowgroup">
                    <For each=move || list.rows.get() key=|row| row.id let:row>
                        <RecordRow record=row.item.get_untracked() shown />
                    </For>
                </tbody>
            </table>
            <ListPager shown total=Signal::derive(move || list.total()) />
        </ListSection>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_a_noun_and_a_verb_or_all_of_a_noun() {
        for text in ["model_group.", "user.update", "later_noun.verb"] {
            assert!(is_action(text), "{text}");
        }
        for text in [
            "",
            ".",
            ".update",
            "user",
            "User.update",
            "a.b.c",
            "user.up date",
        ] {
            assert!(!is_action(text), "{text}");
        }
    }

    #[test]
    fn moments_are_written_as_an_address_can_hold_them() {
        let at = chrono::DateTime::from_timestamp(1_795_444_443, 0);
        assert_eq!(moment(at), "2026-11-23T14:34:03Z");
    }
}
