//! A titled part of a page that shows a list: its tools, and below them its skeleton, its empty state, its failure, or its content.

use leptos::prelude::*;

use super::notice::ErrorNotice;
use crate::api::ApiError;
use crate::i18n::{t, t_string, use_i18n};

/// How far the list is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing is known yet.
    Loading,
    /// The first load failed.
    Failed(ApiError),
    /// There is nothing to show.
    Empty,
    /// There is, but nothing of it is what is looked for.
    NoMatch,
    /// There is.
    Ready,
}

/// The section. What it shows changes with its stage only; content changes by itself.
#[component]
pub fn ListSection(
    /// Id of the section, and prefix of the id of its heading.
    id: &'static str,
    /// The heading.
    #[prop(into)]
    title: Signal<String>,
    /// What the list is, in a few words.
    #[prop(into)]
    hint: Signal<String>,
    /// Number of all items, once it is known.
    #[prop(into)]
    count: Signal<Option<u64>>,
    /// How far it is.
    #[prop(into)]
    stage: Signal<Stage>,
    /// Whether what is shown is about to be replaced by something else that was asked for.
    #[prop(optional, into)]
    changing: Signal<bool>,
    /// Tries again.
    #[prop(into)]
    retry: Callback<()>,
    /// What to show in place of an empty list.
    #[prop(into)]
    empty: ViewFn,
    /// What to show when nothing is what is looked for.
    #[prop(optional, into)]
    no_match: ViewFn,
    /// What stands beside the heading.
    #[prop(optional, into)]
    actions: ViewFn,
    /// What narrows the list down; not shown when there is nothing to narrow down.
    #[prop(optional, into)]
    tools: ViewFn,
    /// What stands between the tools and the list.
    #[prop(optional, into)]
    notices: ViewFn,
    /// The list.
    children: ChildrenFn,
) -> impl IntoView {
    let heading = format!("{id}-title");
    let stage = Memo::new(move |_| stage.get());
    let body = move || match stage.get() {
        Stage::Loading => view! { <Skeleton /> }.into_any(),
        Stage::Failed(error) => {
            view! { <div class="card-body"><ErrorNotice error retry /></div> }.into_any()
        }
        Stage::Empty => view! { <div class="empty">{empty.run()}</div> }.into_any(),
        Stage::NoMatch => view! { <div class="no-match">{no_match.run()}</div> }.into_any(),
        Stage::Ready => children().into_any(),
    };
    view! {
        <section
            id=id
            class="section"
            aria-labelledby=heading
            aria-busy=move || (stage.get() == Stage::Loading || changing.get()).to_string()
        >
            <div class="section-head">
                <h2 id=heading.clone() tabindex="-1">
                    {title} " "
                    <span class="count">{move || count.get()}</span>
                </h2>
                <p class="minor">{hint}</p>
                <div class="section-actions">{actions.run()}</div>
            </div>
            <div class="tools" hidden=move || stage.get() == Stage::Empty>
                {tools.run()}
            </div>
            {notices.run()}
            <div class="card">{body}</div>
        </section>
    }
}

/// The place of a table that is on its way, in about its shape, so that nothing jumps when it comes.
#[component]
fn Skeleton() -> impl IntoView {
    let i18n = use_i18n();
    let rows = (0..3)
        .map(|_| {
            view! {
                <div class="skeleton-row">
                    <span></span>
                    <span></span>
                    <span></span>
                </div>
            }
        })
        .collect_view();
    view! {
        <div class="skeleton">
            <p class="unseen" role="status">{t!(i18n, table.loading)}</p>
            <div aria-hidden="true">{rows}</div>
        </div>
    }
}

/// The cell of a table. On a narrow screen rows become cards and each cell carries its column's name.
#[component]
pub fn Cell(
    /// Name of the column, for the style sheet and for tests.
    column: &'static str,
    /// Heading of the column.
    #[prop(into)]
    label: Signal<String>,
    /// The content.
    children: Children,
) -> impl IntoView {
    view! {
        <td role="cell" data-column=column data-label=move || label.get()>
            {children()}
        </td>
    }
}

/// Says that data on the screen could not be renewed.
#[component]
pub fn StaleNotice(
    /// Why.
    error: ApiError,
    /// Tries again.
    #[prop(into)]
    retry: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let title = Signal::derive(move || t_string!(i18n, table.stale).to_owned());
    view! { <ErrorNotice error title retry /> }
}
