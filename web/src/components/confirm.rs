//! A question that must be answered before something is done: `use_confirm().ask(question).await`.
//!
//! Rule: the button says what it does ("Delete"), never "OK"; for what destroys, the focus is on the way out.

use futures_channel::oneshot;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::modal::Modal;
use crate::i18n::{t, use_i18n};

/// What to ask.
#[derive(Clone)]
pub struct Question {
    title: String,
    confirm: String,
    body: Option<ViewFn>,
    danger: bool,
}

impl Question {
    /// A question, and what the button says that answers it with yes.
    pub fn new(title: impl Into<String>, confirm: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            confirm: confirm.into(),
            body: None,
            danger: false,
        }
    }

    /// Says what would happen.
    pub fn body(mut self, body: impl Into<ViewFn>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// For what cannot be undone.
    pub fn danger(mut self) -> Self {
        self.danger = true;
        self
    }
}

type Answer = oneshot::Sender<bool>;

/// Asks the person at the screen.
#[derive(Clone, Copy)]
pub struct Confirm {
    open: RwSignal<bool>,
    question: RwSignal<Option<Question>>,
    answer: StoredValue<Option<Answer>, LocalStorage>,
}

impl Confirm {
    /// True when the person agrees; false when they do not, or when another question takes this one's place.
    pub async fn ask(self, question: Question) -> bool {
        let (send, receive) = oneshot::channel();
        // A question that is still open loses its sender and so is answered with no.
        self.answer.set_value(Some(send));
        self.question.set(Some(question));
        self.open.set(true);
        receive.await.unwrap_or(false)
    }

    fn give(self, yes: bool) {
        let answer = self.answer.try_update_value(Option::take).flatten();
        if let Some(answer) = answer {
            // Nobody waits any more when the page that asked was left.
            let _ = answer.send(yes);
        }
        self.open.set(false);
    }
}

/// Makes questions possible everywhere below.
pub fn provide_confirm() {
    provide_context(Confirm {
        open: RwSignal::new(false),
        question: RwSignal::new(None),
        answer: StoredValue::new_local(None),
    });
}

/// The way to ask.
pub fn use_confirm() -> Confirm {
    expect_context::<Confirm>()
}

/// The dialog that asks; once in the application.
#[component]
pub fn ConfirmDialog() -> impl IntoView {
    let i18n = use_i18n();
    let confirm = use_confirm();
    let question = confirm.question;
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        // What is asked about was left, by a link in the question or by "back".
        if before.is_some_and(|before| before != path) {
            confirm.give(false);
        }
        path
    });
    let title = Signal::derive(move || {
        question.with(|question| {
            question
                .as_ref()
                .map(|question| question.title.clone())
                .unwrap_or_default()
        })
    });
    view! {
        <Modal
            id="confirm"
            role="alertdialog"
            open=confirm.open
            title
            on_close=move |()| confirm.give(false)
        >
            {move || {
                question
                    .get()
                    .map(|question| {
                        let Question { confirm: label, body, danger, .. } = question;
                        let class = if danger { "button danger" } else { "button primary" };
                        view! {
                            <div class="modal-body">{body.map(|body| body.run())}</div>
                            <footer class="modal-foot">
                                <button
                                    type="button"
                                    class="button"
                                    data-action="cancel"
                                    autofocus=danger
                                    on:click=move |_| confirm.give(false)
                                >
                                    {t!(i18n, components.cancel)}
                                </button>
                                <button
                                    type="button"
                                    class=class
                                    data-action="confirm"
                                    autofocus=!danger
                                    on:click=move |_| confirm.give(true)
                                >
                                    {label}
                                </button>
                            </footer>
                        }
                    })
            }}
        </Modal>
    }
}
