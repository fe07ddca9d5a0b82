//! One message: a question, or an answer with who gave it and what happened on the way.

use leptos::ev;
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{AnswerState, FinishReason, Message, MessageRole, ProblemCode};

use super::composer::too_long;
use super::talk::{Talk, Wish};
use super::words as say;
use crate::browser;
use crate::components::attempts::Attempts;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::components::markdown::Markdown;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n, words};

/// A message.
#[component]
pub fn MessageView(
    /// The message.
    message: Message,
    /// The dialog.
    talk: Talk,
    /// Why nobody can be asked there any more.
    why_closed: Signal<Option<&'static str>>,
) -> impl IntoView {
    match message.role {
        MessageRole::User => view! { <QuestionView message talk /> }.into_any(),
        MessageRole::Assistant => view! { <AnswerView message talk why_closed /> }.into_any(),
    }
}

/// Copies a text, and says so.
fn use_copy() -> Callback<String> {
    let i18n = use_i18n();
    let toasts = use_toasts();
    Callback::new(move |text: String| {
        spawn_local(async move {
            if browser::copy(&text).await || browser::copy_text(&text) {
                toasts.success(tu_string!(i18n, answer.copied));
            } else {
                toasts.failure(tu_string!(i18n, answer.not_copied));
            }
        });
    })
}

/// A question that is being sent.
#[component]
pub fn SentQuestion(
    /// The question.
    #[prop(into)]
    text: Signal<String>,
) -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <article class="msg msg-me" data-role="user" data-pending="">
            <h2 class="unseen">{t!(i18n, dialogs.you)}</h2>
            <div class="bubble" dir="auto">{text}</div>
        </article>
    }
}

#[component]
fn QuestionView(message: Message, talk: Talk) -> impl IntoView {
    let i18n = use_i18n();
    let copy = use_copy();
    let id = message.id;
    let text = StoredValue::new(message.content);
    let editing = RwSignal::new(false);
    let edited = RwSignal::new(text.get_value());
    // An edit that took nobody's place is open again, as it was typed.
    Effect::new(move || {
        let is_ours = talk
            .reopened
            .with(|back| back.as_ref().is_some_and(|(of, _)| *of == id));
        if is_ours && let Some(Some((_, typed))) = talk.reopened.try_update(Option::take) {
            edited.set(typed);
            editing.set(true);
        }
    });
    let close = Callback::new(move |()| {
        editing.set(false);
        let button = format!("[data-id='{id}'] [data-action='edit']");
        request_animation_frame(move || browser::focus_first(&button));
    });
    let busy = Memo::new(move |_| talk.stage.with(Option::is_some));
    view! {
        <article class="msg msg-me" data-role="user" data-id=id.to_string()>
            <h2 class="unseen">{t!(i18n, dialogs.you)}</h2>
            {move || {
                if editing.get() {
                    return view! { <Edit id typed=edited talk close /> }.into_any();
                }
                view! {
                    <div class="bubble" dir="auto">{text.get_value()}</div>
                }
                .into_any()
            }}
            <div class="msg-actions" hidden=move || editing.get()>
                <IconButton
                    icon=Icon::Pencil
                    label=t_signal!(i18n, dialogs.edit.button)
                    action="edit"
                    disabled=busy
                    on_click=move |()| {
                        edited.set(text.get_value());
                        editing.set(true);
                    }
                />
                <IconButton
                    icon=Icon::Copy
                    label=t_signal!(i18n, dialogs.copy_question)
                    action="copy-message"
                    on_click=move |()| copy.run(text.get_value())
                />
            </div>
        </article>
    }
}

#[component]
fn Edit(
    id: understudy_shared::MessageId,
    typed: RwSignal<String>,
    talk: Talk,
    close: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let field_id = format!("question-{id}");
    let node = NodeRef::<Textarea>::new();
    Effect::new(move || {
        if let Some(field) = node.get() {
            let end = field.value().encode_utf16().count();
            let end = u32::try_from(end).unwrap_or(u32::MAX);
            let _ = field.focus();
            let _ = field.set_selection_range(end, end);
        }
    });
    let after = Memo::new(move |_| {
        talk.messages.with(|messages| {
            let at = messages.iter().position(|message| message.id == id);
            at.map_or(0, |at| messages.len() - at - 1)
        })
    });
    let over = too_long(typed);
    let busy = Memo::new(move |_| talk.stage.with(Option::is_some));
    let send = move || {
        let content = typed.with_untracked(|typed| typed.trim().to_owned());
        if content.is_empty() || over.with_untracked(Option::is_some) || busy.get_untracked() {
            return;
        }
        talk.ask(Wish::Ask {
            content,
            replaces: Some(id),
        });
    };
    let key = move |event: ev::KeyboardEvent| {
        if browser::wants_to_send(&event) {
            event.prevent_default();
            send();
        } else if event.key() == "Escape" && !event.is_composing() {
            event.stop_propagation();
            close.run(());
        }
    };
    view! {
        <form
            class="msg-edit"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <label class="unseen" for=field_id.clone()>{t!(i18n, dialogs.edit.label)}</label>
            <textarea
                id=field_id
                class="input area"
                rows="3"
                dir="auto"
                node_ref=node
                aria-invalid=move || over.with(Option::is_some).then_some("true")
                prop:value=typed
                on:input:target=move |event| typed.set(event.target().value())
                on:keydown=key
            ></textarea>
            <p class="field-error">{over}</p>
            <div class="msg-edit-foot">
                <p class="hint" data-part="replaces">
                    {move || match after.get() {
                        0 | 1 => t_string!(i18n, dialogs.edit.note).to_owned(),
                        count => t_string!(i18n, dialogs.edit.note_more, count),
                    }}
                </p>
                <button type="button" class="button small" data-action="cancel-edit" on:click=move |_| close.run(())>
                    {t!(i18n, dialogs.edit.cancel)}
                </button>
                <button
                    type="submit"
                    class="button primary small"
                    data-action="send-edit"
                    aria-disabled=move || busy.get().then_some("true")
                >
                    {t!(i18n, dialogs.edit.send)}
                </button>
            </div>
        </form>
    }
}

#[component]
fn AnswerView(
    message: Message,
    talk: Talk,
    why_closed: Signal<Option<&'static str>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let copy = use_copy();
    let id = message.id;
    let state = message.state.unwrap_or(AnswerState::Complete);
    let content = message.content.clone();
    let is_empty = content.trim().is_empty();
    let left_out = message.left_out;
    let question = message.in_reply_to;
    let is_last = Memo::new(move |_| {
        talk.stage.with(Option::is_none)
            && talk
                .messages
                .with(|messages| messages.last().is_some_and(|last| last.id == id))
    });
    let retry = move |_: ev::MouseEvent| {
        if let Some(question) = question
            && why_closed.with_untracked(Option::is_none)
        {
            talk.ask(Wish::Retry(question));
        }
    };
    let to_copy = StoredValue::new(content.clone());
    let body = if is_empty {
        (state == AnswerState::Complete)
            .then(|| view! { <p class="minor">{t!(i18n, answer.empty)}</p> })
            .into_any()
    } else {
        view! { <Markdown text=content /> }.into_any()
    };
    view! {
        <article class="msg msg-ai" data-role="assistant" data-state=state.as_str() data-id=id.to_string()>
            <h2 class="unseen">{t!(i18n, dialogs.answer)}</h2>
            {(left_out > 0)
                .then(|| {
                    view! {
                        <p class="msg-note" data-part="left-out">
                            <Glyph icon=Icon::Info />
                            <span>{move || t_string!(i18n, answer.left_out, count = left_out)}</span>
                        </p>
                    }
                })}
            {body}
            <Ending message=message.clone() is_empty />
            <div class="msg-foot">
                <Facts message=message.clone() />
                <div class="msg-actions">
                    <Show when=move || !is_empty>
                        <IconButton
                            icon=Icon::Copy
                            label=t_signal!(i18n, dialogs.copy_answer)
                            action="copy-message"
                            on_click=move |()| copy.run(to_copy.get_value())
                        />
                    </Show>
                    <Show when=move || is_last.get() && question.is_some()>
                        <button
                            type="button"
                            class="button quiet small"
                            data-action="retry"
                            aria-disabled=move || why_closed.with(Option::is_some).then_some("true")
                            title=move || why_closed.get()
                            on:click=retry
                        >
                            <Glyph icon=Icon::Refresh />
                            {move || match state {
                                AnswerState::Complete => t_string!(i18n, dialogs.retry),
                                _ => t_string!(i18n, dialogs.retry_failed),
                            }}
                        </button>
                    </Show>
                </div>
            </div>
            <Why message />
        </article>
    }
}

/// How the answer ended, if not as it should.
#[component]
fn Ending(message: Message, is_empty: bool) -> impl IntoView {
    let i18n = use_i18n();
    let state = message.state?;
    let cut_off_by = message.finish_reason;
    let (tone, icon) = match state {
        AnswerState::Stopped => (Tone::Idle, Icon::Stop),
        AnswerState::Complete | AnswerState::Interrupted => (Tone::Warn, Icon::Warning),
        AnswerState::Failed => (Tone::Bad, Icon::Warning),
    };
    let ending = move || say::ending(i18n, state, cut_off_by, is_empty);
    untrack(ending)?;
    let why = message
        .problem
        .filter(|_| state != AnswerState::Stopped)
        .map(|problem| {
            let code = problem.code;
            // Where no words of the screen's language say it, the service's own do.
            let own = words::needs_detail(code)
                .then(|| view! { <span lang="en">{problem.detail}</span> });
            let general = code != ProblemCode::StreamInterrupted;
            view! {
                {general.then(|| view! { <span>{move || words::code(i18n, code)} " "</span> })}
                {own}
            }
        });
    Some(view! {
        <div
            class="msg-ending"
            data-tone=tone.as_str()
            data-cut-off-by=cut_off_by.map(FinishReason::as_str)
        >
            <Glyph icon />
            <p><span class="strong">{ending}</span> " " {why}</p>
        </div>
    })
}

/// Who answered, and how fast.
#[component]
fn Facts(message: Message) -> impl IntoView {
    let i18n = use_i18n();
    let name = message.instance.map(|instance| instance.name)?;
    let first = message.first_byte_ms;
    let speed = speed(message.completion_tokens, first, message.duration_ms);
    let whole = message.duration_ms.filter(|_| speed.is_none());
    let data_name = name.clone();
    Some(view! {
        <div class="msg-facts" data-instance=data_name>
            <Badge
                tone=Tone::Ok
                icon=Icon::Check
                word=Signal::derive(move || t_string!(i18n, answer.answered_by, name = name.clone()))
            />
            <span class="minor">
                {move || {
                    let mut facts = Vec::new();
                    if let Some(first) = first {
                        facts.push(t_string!(i18n, answer.first_byte, time = words::duration(i18n, first)));
                    }
                    if let Some(speed) = speed {
                        let count = words::tenths(speed, i18n.get_locale());
                        facts.push(t_string!(i18n, answer.speed, count));
                    }
                    if let Some(whole) = whole {
                        facts.push(t_string!(i18n, answer.whole, time = words::duration(i18n, whole)));
                    }
                    facts.join(" · ")
                }}
            </span>
        </div>
    })
}

/// Thousandths of tokens in a second, from the first one on.
fn speed(tokens: Option<u64>, first_ms: Option<u64>, whole_ms: Option<u64>) -> Option<u64> {
    let tokens = tokens.filter(|tokens| *tokens > 1)?;
    let took = whole_ms?.checked_sub(first_ms?)?;
    // What came all at once says nothing.
    let speed = (took >= 50).then(|| (tokens - 1).saturating_mul(1_000_000) / took)?;
    Some(if speed >= 10_000 {
        speed / 1_000 * 1_000
    } else {
        speed
    })
}

/// The attempts, folded away.
#[component]
fn Why(message: Message) -> impl IntoView {
    let i18n = use_i18n();
    if message.trace.is_empty() {
        return None;
    }
    let answered = message.instance.is_some();
    let open = RwSignal::new(false);
    let trace = StoredValue::new(message.trace);
    let id = format!("trace-{}", message.id);
    Some(view! {
        <details
            class="msg-why"
            on:toggle:target=move |event| open.set(event.target().open())
        >
            <summary data-action="why">
                {move || {
                    if answered {
                        t_string!(i18n, answer.why)
                    } else {
                        t_string!(i18n, answer.what)
                    }
                }}
            </summary>
            // Made when it is looked at: a thousand answers have a thousand of them.
            {move || {
                open.get().then(|| view! { <Attempts id=id.clone() trace=Signal::stored(trace.get_value()) /> })
            }}
        </details>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_counts_from_the_first_token_on() {
        assert_eq!(speed(Some(39), Some(410), Some(1_410)), Some(38_000));
        assert_eq!(speed(Some(5), Some(0), Some(1_600)), Some(2_500));
        assert_eq!(speed(Some(39), Some(410), Some(420)), None);
        assert_eq!(speed(None, Some(1), Some(2_000)), None);
        assert_eq!(speed(Some(9), Some(3_000), Some(2_000)), None);
    }
}
