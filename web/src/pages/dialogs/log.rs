//! The messages of a dialog, and the answer that is coming, in a place that scrolls.
//!
//! Rules: it stays at its end while an answer comes, unless somebody has scrolled up; then a button leads back. Earlier messages come when one scrolls
//! up to them. Messages out of sight cost the browser nothing (`content-visibility`). An answer is read out when it is there, not letter by letter, and
//! so is whatever else becomes of a question.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::web_sys::ResizeObserver;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use super::message::{MessageView, SentQuestion};
use super::talk::{Stage, Talk, Wish};
use super::words as say;
use crate::components::icon::{Glyph, Icon};
use crate::components::markdown::GrowingMarkdown;
use crate::i18n::{t, t_string, use_i18n};
use understudy_shared::{AnswerState, MessageRole};

/// So near the end counts as at it.
const NEAR: i32 = 60;
/// So near the beginning the messages before are wanted.
const EARLY: i32 = 400;
/// Letters of an answer that are read out; the whole is on the page.
const READ: usize = 600;

/// The place.
#[component]
pub fn Log(
    /// The dialog.
    talk: Talk,
    /// Why nobody can be asked there any more.
    why_closed: Signal<Option<&'static str>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let place = NodeRef::<Div>::new();
    let content = NodeRef::<Div>::new();
    let away = RwSignal::new(false);
    // Where it was, and how much there was.
    let was = StoredValue::new((0, 0));
    let to_end = move || {
        if let Some(place) = place.try_get_untracked().flatten() {
            place.set_scroll_top(place.scroll_height());
            was.try_set_value((place.scroll_top(), place.scroll_height()));
        }
    };
    follow_the_end(content, move || {
        if away.try_get_untracked() == Some(false) {
            to_end();
        }
    });
    let scrolled = move |_| {
        let Some(place) = place.get_untracked() else {
            return;
        };
        let (top, height) = (place.scroll_top(), place.scroll_height());
        let left = height - top - place.client_height();
        let (old_top, old_height) = was.get_value();
        was.set_value((top, height));
        // Up is away, however little; unless there is less than before, so that the browser did it.
        if top < old_top && height >= old_height && left > 1 {
            away.set(true);
        } else if left <= NEAR {
            away.set(false);
        }
        if place.scroll_top() < EARLY && left > NEAR && talk.has_earlier.get_untracked() {
            if place.scroll_top() == 0 {
                // At the very top the browser would not keep the place when something comes above it.
                place.set_scroll_top(1);
            }
            talk.read_earlier();
        }
    };
    // Whoever asks wants to see the answer.
    Effect::new(move || {
        if talk.stage.get() == Some(Stage::Waiting) {
            away.set(false);
            request_animation_frame(to_end);
        }
    });
    let unanswered = Memo::new(move |_| {
        let last = talk.messages.with(|messages| {
            messages
                .last()
                .filter(|last| last.role == MessageRole::User)
                .map(|last| last.id)
        });
        last.filter(|_| talk.stage.with(Option::is_none))
    });
    let status = what_is_said(talk);
    view! {
        <div class="log-place">
            <div
                class="log-scroll"
                id="log"
                role="log"
                aria-live="off"
                aria-label=move || t_string!(i18n, dialogs.log)
                aria-busy=move || (!talk.loaded.get()).to_string()
                tabindex="0"
                node_ref=place
                on:scroll=scrolled
            >
                <div class="msgs" node_ref=content>
                    <Show when=move || talk.has_earlier.get()>
                        <p class="msgs-more">
                            <button
                                type="button"
                                class="button quiet small"
                                data-action="earlier"
                                aria-disabled=move || talk.reading_earlier.get().to_string()
                                on:click=move |_| talk.read_earlier()
                            >
                                <Glyph icon=Icon::ArrowUp />
                                {t!(i18n, dialogs.earlier)}
                            </button>
                        </p>
                    </Show>
                    <Show when=move || {
                        talk.loaded.get() && talk.messages.with(Vec::is_empty) && talk.stage.with(Option::is_none)
                    }>
                        <div class="msgs-empty">
                            <p class="empty-title">{t!(i18n, dialogs.empty_title)}</p>
                            <p>{t!(i18n, dialogs.empty_hint)}</p>
                        </div>
                    </Show>
                    <Show when=move || !talk.loaded.get()>
                        <div class="msgs-skeleton" aria-hidden="true"><span></span><span></span><span></span></div>
                    </Show>
                    <For
                        each=move || talk.messages.get()
                        key=|message| (message.id, message.content.len(), message.state)
                        let:message
                    >
                        <MessageView message talk why_closed />
                    </For>
                    {move || {
                        unanswered.get().map(|question| view! {
                            <div class="msg-ending msg" data-tone="warn" data-part="unanswered">
                                <Glyph icon=Icon::Warning />
                                <p>{t!(i18n, answer.unanswered)}</p>
                                <button
                                    type="button"
                                    class="button small"
                                    data-action="retry"
                                    aria-disabled=move || why_closed.with(Option::is_some).then_some("true")
                                    title=move || why_closed.get()
                                    on:click=move |_| {
                                        if why_closed.with_untracked(Option::is_none) {
                                            talk.ask(Wish::Retry(question));
                                        }
                                    }
                                >
                                    {t!(i18n, dialogs.retry_failed)}
                                </button>
                            </div>
                        })
                    }}
                    <Coming talk />
                </div>
            </div>
            <Show when=move || away.get()>
                <button
                    type="button"
                    class="button small to-newest"
                    data-action="newest"
                    on:click=move |_| {
                        away.set(false);
                        to_end();
                        crate::browser::focus("question");
                    }
                >
                    <Glyph icon=Icon::ArrowDown />
                    {t!(i18n, dialogs.newest)}
                </button>
            </Show>
            <p class="unseen" role="status" id="answer-status">{move || status.get()}</p>
        </div>
    }
}

/// What is read out: how far an answer is, and what became of it.
fn what_is_said(talk: Talk) -> Memo<Option<String>> {
    let i18n = use_i18n();
    // How far the last one was, of those that somebody waited for here.
    let latest = RwSignal::new(None);
    Effect::new(move || {
        if let Some(stage) = talk.stage.get() {
            latest.set(Some(stage));
        }
    });
    Memo::new(move |_| {
        if let Some(stage) = talk.stage.get() {
            return Some(say::stage(i18n, stage).to_owned());
        }
        let latest = latest.get()?;
        if talk.refused.with(Option::is_some) {
            // That says itself.
            return None;
        }
        talk.messages.with(|messages| {
            let last = messages.last()?;
            if last.role == MessageRole::User {
                return Some(t_string!(i18n, answer.unanswered).to_owned());
            }
            let state = last.state?;
            let is_empty = last.content.trim().is_empty();
            let ending = say::ending(i18n, state, last.finish_reason, is_empty);
            if state != AnswerState::Complete {
                return ending.map(str::to_owned);
            }
            // After an end that is none, a whole answer is the one that was there before.
            let is_new = talk.finished.with(Option::is_some) || latest == Stage::Elsewhere;
            let text: String = last.content.chars().take(READ).collect();
            let whole = is_new.then(|| t_string!(i18n, dialogs.ask.finished, text))?;
            Some(match ending {
                Some(ending) => format!("{whole} {ending}"),
                None => whole,
            })
        })
    })
}

/// The question that was just asked, and what has come of the answer.
#[component]
fn Coming(talk: Talk) -> impl IntoView {
    let i18n = use_i18n();
    let is_on = Memo::new(move |_| talk.stage.with(Option::is_some));
    let has_question = Memo::new(move |_| talk.question.with(Option::is_some));
    let begun = Memo::new(move |_| talk.answer.with(|answer| !answer.is_empty()));
    let state = move || {
        talk.stage.get().map(|stage| match stage {
            Stage::Waiting => "waiting",
            Stage::Answering => "answering",
            Stage::Settling => "settling",
            Stage::Elsewhere => "elsewhere",
        })
    };
    let text = move || {
        let stage = talk.stage.get()?;
        Some(say::stage(i18n, stage))
    };
    view! {
        <Show when=move || is_on.get()>
            <Show when=move || has_question.get()>
                <SentQuestion text=Signal::derive(move || talk.question.get().unwrap_or_default()) />
            </Show>
            <article class="msg msg-ai msg-coming" data-role="assistant" data-state=state aria-busy="true">
                <h2 class="unseen">{t!(i18n, dialogs.answer)}</h2>
                <Show when=move || begun.get()>
                    <GrowingMarkdown text=talk.answer />
                </Show>
                <p class="msg-progress">
                    <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>
                    <span>{text}</span>
                </p>
            </article>
        </Show>
    }
}

/// Calls `grown` whenever the content has another size.
fn follow_the_end(content: NodeRef<Div>, grown: impl Fn() + Clone + 'static) {
    Effect::new(move || {
        let Some(content) = content.get() else { return };
        let grown = grown.clone();
        // The browser frees it when nothing observes any more.
        let heard = Closure::<dyn Fn()>::new(grown).into_js_value();
        // A browser without it does not follow by itself.
        let Ok(observer) = ResizeObserver::new(heard.unchecked_ref()) else {
            return;
        };
        observer.observe(&content);
        let kept = StoredValue::new_local(observer);
        on_cleanup(move || {
            let _ = kept.try_with_value(ResizeObserver::disconnect);
        });
    });
}
