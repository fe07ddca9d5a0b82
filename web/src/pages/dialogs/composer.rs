//! Where questions are typed. What is typed stays until it is sent, also when the page is left or loaded again: put aside in this tab, and gone with it.

use leptos::ev;
use leptos::html::Textarea;
use leptos::prelude::*;
use understudy_shared::{DialogId, MAX_QUESTION};

use super::talk::{Remark, Stage, Talk, Wish};
use crate::browser;
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n};

/// Under which name the question of a dialog is put aside.
pub fn draft_key(id: DialogId) -> String {
    format!("{}{id}", browser::DRAFTS)
}

/// What to say of a question that is too long.
pub fn too_long(typed: RwSignal<String>) -> Signal<Option<String>> {
    let i18n = use_i18n();
    let count = Memo::new(move |_| {
        // Bytes are counted at once; only what may be too long is counted by its letters.
        let bytes = typed.with(String::len);
        (bytes > MAX_QUESTION)
            .then(|| typed.with(|typed| typed.trim().chars().count()))
            .filter(|count| *count > MAX_QUESTION)
    });
    Signal::derive(move || {
        let number = |count: usize| {
            crate::i18n::words::number(i18n, i64::try_from(count).unwrap_or(i64::MAX))
        };
        count.get().map(|count| {
            t_string!(
                i18n,
                dialogs.ask.too_long,
                max = number(MAX_QUESTION),
                count = number(count)
            )
        })
    })
}

/// The field with its buttons.
#[component]
pub fn Composer(
    /// The dialog.
    talk: Talk,
    /// Whether nobody can be asked there any more.
    #[prop(into)]
    closed: Signal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let key = StoredValue::new(draft_key(talk.id));
    let typed = RwSignal::new(
        key.with_value(|key| browser::put_aside(key))
            .unwrap_or_default(),
    );
    let node = NodeRef::<Textarea>::new();
    let over = too_long(typed);
    let write = move |text: String| {
        key.with_value(|key| browser::put_aside_as(key, &text));
        typed.set(text);
    };
    // Where one comes to write, the focus is in the field, once it is known that one can.
    let entered = StoredValue::new(false);
    Effect::new(move || {
        if let Some(field) = node.get()
            && talk.loaded.get()
            && !entered.get_value()
        {
            entered.set_value(true);
            let free = document().active_element().is_none_or(|active| {
                matches!(
                    active.tag_name().as_str(),
                    "BODY" | "H1" | "MAIN" | "A" | "BUTTON"
                )
            });
            if free && browser::has_keyboard() {
                let _ = field.focus();
            }
        }
    });
    // A question that was not kept is where it was, before whatever has been typed since.
    Effect::new(move || {
        if let Some(mut text) = talk.returned.get() {
            talk.returned.set(None);
            typed.with_untracked(|typed| {
                if !typed.trim().is_empty() {
                    text.push_str("\n\n");
                    text.push_str(typed);
                }
            });
            write(text);
        }
    });
    let cannot = Memo::new(move |_| {
        closed.get()
            || over.with(Option::is_some)
            || typed.with(|typed| typed.trim().is_empty())
            || !talk.loaded.get()
    });
    let is_running = Memo::new(move |_| {
        talk.stage
            .with(|stage| matches!(stage, Some(Stage::Waiting | Stage::Answering)))
    });
    let is_busy = Memo::new(move |_| talk.stage.with(Option::is_some));
    let send = move || {
        if cannot.get_untracked() || is_busy.get_untracked() {
            return;
        }
        let content = typed.with_untracked(|typed| typed.trim().to_owned());
        write(String::new());
        talk.ask(Wish::Ask {
            content,
            replaces: None,
        });
    };
    let pressed = move |event: ev::KeyboardEvent| {
        if browser::wants_to_send(&event) {
            event.prevent_default();
            send();
        }
    };
    view! {
        <form
            class="composer"
            on:submit=move |event| {
                event.prevent_default();
                send();
            }
        >
            <label for="question" class="unseen">{t!(i18n, dialogs.ask.label)}</label>
            <div class="composer-box">
                <textarea
                    id="question"
                    rows="1"
                    dir="auto"
                    node_ref=node
                    placeholder=move || t_string!(i18n, dialogs.ask.placeholder)
                    aria-describedby="question-hint question-error"
                    aria-invalid=move || over.with(Option::is_some).then_some("true")
                    prop:value=typed
                    on:input:target=move |event| write(event.target().value())
                    on:keydown=pressed
                ></textarea>
                <Show
                    when=move || is_running.get()
                    fallback=move || {
                        view! {
                            <button
                                type="submit"
                                class="button primary small"
                                data-action="send"
                                aria-disabled=move || (cannot.get() || is_busy.get()).then_some("true")
                            >
                                <Glyph icon=Icon::Send />
                                {t!(i18n, dialogs.ask.send)}
                            </button>
                        }
                    }
                >
                    <button
                        type="button"
                        class="button primary small"
                        data-action="stop"
                        aria-keyshortcuts="Escape"
                        on:click=move |_| {
                            talk.stop();
                            browser::focus("question");
                        }
                    >
                        <Glyph icon=Icon::Stop />
                        {t!(i18n, dialogs.ask.stop)}
                    </button>
                </Show>
            </div>
            <p id="question-hint" class="hint">{t!(i18n, dialogs.ask.hint)}</p>
            <p id="question-error" class="field-error" role="status">{over}</p>
            <p id="question-remark" class="field-error" role="status">
                {move || {
                    talk.remark
                        .get()
                        .map(|remark| match remark {
                            Remark::Moved => t_string!(i18n, dialogs.ask.moved),
                            Remark::Unkept => t_string!(i18n, dialogs.ask.unkept),
                        })
                }}
            </p>
        </form>
    }
}
