//! What a deed left undone: which items, and why.

use leptos::prelude::*;
use leptos_router::components::A;

use super::{Deed, Deeds, Target, failure_words};
use crate::api::ApiError;
use crate::components::badge::Tone;
use crate::components::button::IconButton;
use crate::components::icon::Icon;
use crate::components::notice::Notice;
use crate::i18n::{t, t_string, use_i18n};

/// An item that something was not done to.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The item.
    pub target: Target,
    /// Why.
    pub error: ApiError,
}

/// What came of a deed that did not wholly succeed.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was tried.
    pub deed: Deed,
    /// Items with which it worked.
    pub done: usize,
    /// Items with which it did not.
    pub failures: Vec<Failure>,
    /// Items that were not tried, as somebody stopped it.
    pub left: usize,
}

/// The report, until it is closed.
#[component]
pub fn ReportNotice(
    /// What it is a report of.
    deeds: Deeds,
) -> impl IntoView {
    let i18n = use_i18n();
    move || {
        deeds.report().map(|report| {
            let Report {
                deed,
                done,
                failures,
                left,
            } = report;
            let total = done + failures.len() + left;
            let title = Signal::derive(move || match deed {
                Deed::Enable => t_string!(i18n, models.deeds.report_enabled, done, total),
                Deed::Pause => t_string!(i18n, models.deeds.report_paused, done, total),
                Deed::Delete => t_string!(i18n, models.deeds.report_deleted, done, total),
            });
            let tone = if failures.is_empty() {
                Tone::Warn
            } else {
                Tone::Bad
            };
            let failures = failures
                .into_iter()
                .map(|failure| view! { <FailureLine failure /> })
                .collect_view();
            view! {
                <div class="report" data-part="report">
                    <Notice tone title>
                        {(left > 0).then(|| view! { <p>{t!(i18n, models.deeds.left, left)}</p> })}
                        <ul class="report-list">{failures}</ul>
                    </Notice>
                    <IconButton
                        icon=Icon::Cross
                        label=Signal::derive(move || t_string!(i18n, components.close).to_owned())
                        action="close-report"
                        on_click=move |()| deeds.forget_report()
                    />
                </div>
            }
        })
    }
}

#[component]
fn FailureLine(failure: Failure) -> impl IntoView {
    let i18n = use_i18n();
    let Failure { target, error } = failure;
    let users = error
        .problem()
        .map(|problem| problem.used_by.clone())
        .unwrap_or_default();
    let users = users
        .into_iter()
        .map(|user| {
            let path = format!("/models/groups/{}", user.id);
            view! { <li><A href=path>{user.name}</A></li> }
        })
        .collect::<Vec<_>>();
    view! {
        <li data-name=target.name>
            <span class="strong">{target.title}</span>
            ": "
            {move || failure_words(i18n, &error)}
            {(!users.is_empty()).then(|| view! { <ul class="inline-list">{users}</ul> })}
        </li>
    }
}
