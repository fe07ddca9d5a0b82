//! One dialog: whom it is with, what was said, and where the next question is typed.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::web_sys::Element;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use understudy_shared::{Availability, Dialog, DialogId, ResourceKind};
use wasm_bindgen::JsCast;

use super::composer::Composer;
use super::deeds::{Rename, use_delete, use_export};
use super::list::Dialogs;
use super::log::Log;
use super::talk::{Stage, Talk};
use super::targets::{Target, Targets, now};
use super::{PATH, words as say};
use crate::api::use_api;
use crate::browser;
use crate::components::badge::{Badge, Tone};
use crate::components::button::IconButton;
use crate::components::icon::{Glyph, Icon};
use crate::components::menu::{Menu, MenuItem};
use crate::components::modal::Modal;
use crate::components::notice::ErrorNotice;
use crate::components::toast::use_toasts;
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n, words};
use crate::live::use_live;
use crate::load::Load;
use crate::pages::use_title;

/// The dialog with this id.
#[component]
pub fn Conversation(
    /// Its id.
    id: DialogId,
    /// The list beside it.
    dialogs: Dialogs,
    /// What was renamed in the list.
    #[prop(into)]
    renamed: Signal<Option<Dialog>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let live = use_live();
    let talk = Talk::new(api, id, Callback::new(move |()| dialogs.refresh()));
    // Only for when it loads: what it loads is the talk's.
    let _ = Load::live(
        &[ResourceKind::Assistant, ResourceKind::ModelGroup],
        move || async move {
            if talk.loaded.get_untracked() {
                talk.renew();
            }
            Ok(())
        },
    );
    Effect::new(move || {
        if let Some(dialog) = renamed.get().filter(|dialog| dialog.id == id) {
            talk.take(dialog);
        }
    });
    stop_with_escape(talk);
    keep_the_focus(talk);
    let title = Signal::derive(move || {
        talk.dialog.with(|dialog| {
            dialog
                .as_ref()
                .map(|dialog| say::title(i18n, dialog))
                .unwrap_or_else(|| t_string!(i18n, dialogs.title).to_owned())
        })
    });
    use_title(move || title.get());
    let availability = Memo::new(move |_| {
        let (known, group) = talk.dialog.with(|dialog| {
            let target = &dialog.as_ref()?.target;
            let group = target.group.as_ref().map(|group| group.id);
            Some((target.availability, group))
        })?;
        Some(now(live, known, group, talk.asked_at.get()))
    });
    let closed = Memo::new(move |_| {
        availability
            .get()
            .is_some_and(|availability| !say::can_be_asked(availability))
    });
    let why_closed = Signal::derive(move || {
        let availability = availability.get().filter(|_| closed.get())?;
        say::why(i18n, availability)
    });
    let choosing = RwSignal::new(false);
    let failed = Memo::new(move |_| talk.error.get());
    move || match failed.get() {
        Some(error) if error.is_gone() => view! { <Gone /> }.into_any(),
        Some(error) => view! {
            <div class="chat-pad">
                <h1 class="unseen">{t!(i18n, dialogs.title)}</h1>
                <ErrorNotice error retry=Callback::new(move |()| talk.load()) />
            </div>
        }
        .into_any(),
        None => view! {
            <Head talk dialogs title availability choosing />
            <TargetBanner talk availability choosing />
            <Log talk why_closed />
            <div class="composer-place">
                {move || {
                    talk.refused.get().map(|error| view! {
                        <ErrorNotice error title=t_signal!(i18n, dialogs.ask.not_sent) />
                    })
                }}
                <Composer talk closed />
            </div>
            <ChooseAnother talk dialogs open=choosing />
        }
        .into_any(),
    }
}

/// Escape stops the answer from the question and from all that is no field, unless something is open that it closes.
fn stop_with_escape(talk: Talk) {
    let keys = window_event_listener(ev::keydown, move |event| {
        let running = matches!(
            talk.stage.try_get_untracked(),
            Some(Some(Stage::Waiting | Stage::Answering))
        );
        // In the middle of a character it ends that character alone.
        let meant = event.key() == "Escape" && !event.is_composing() && !event.default_prevented();
        let target = event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok());
        let elsewhere = target.is_some_and(|target| {
            let is_field = matches!(&*target.tag_name(), "INPUT" | "TEXTAREA" | "SELECT");
            is_field && target.id() != "question"
        });
        if !meant || !running || elsewhere {
            return;
        }
        let something_open = document()
            .query_selector("dialog[open], [popover]:popover-open")
            .is_ok_and(|open| open.is_some());
        if !something_open {
            event.prevent_default();
            talk.stop();
        }
    });
    on_cleanup(move || keys.remove());
}

/// What was pressed goes as an answer begins or ends: whoever uses the keyboard goes on at the question.
fn keep_the_focus(talk: Talk) {
    Effect::new(move |before: Option<Option<Stage>>| {
        let stage = talk.stage.get();
        if before.is_some_and(|before| before != stage) {
            request_animation_frame(|| {
                // Where there are no keys, the field would bring some up on the screen.
                let place = if browser::has_keyboard() {
                    "question"
                } else {
                    "log"
                };
                browser::focus_if_lost(place);
            });
        }
        stage
    });
}

#[component]
fn Head(
    talk: Talk,
    dialogs: Dialogs,
    title: Signal<String>,
    availability: Memo<Option<Availability>>,
    choosing: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let navigate = StoredValue::new_local(use_navigate());
    let renaming = RwSignal::new(false);
    let export = use_export();
    let delete = use_delete(Callback::new(move |_| {
        dialogs.refresh();
        navigate.with_value(|navigate| navigate(PATH, NavigateOptions::default()));
    }));
    let with = move || {
        talk.dialog
            .with(|dialog| Some(say::with(i18n, dialog.as_ref()?)))
    };
    let current = move || talk.dialog.get_untracked();
    let items = move || {
        vec![
            MenuItem::run(
                "choose-another",
                Icon::Layers,
                tu_string!(i18n, dialogs.choose.another),
                Callback::new(move |()| choosing.set(true)),
            ),
            MenuItem::run(
                "rename",
                Icon::Pencil,
                tu_string!(i18n, dialogs.rename),
                Callback::new(move |()| renaming.set(true)),
            ),
            MenuItem::run(
                "delete",
                Icon::Trash,
                tu_string!(i18n, dialogs.delete),
                Callback::new(move |()| {
                    if let Some(dialog) = current() {
                        delete.run(dialog);
                    }
                }),
            )
            .danger(),
        ]
    };
    view! {
        <header class="chat-head">
            <A href=PATH attr:class="button quiet square chat-back" attr:aria-label=move || t_string!(i18n, dialogs.back)>
                <Glyph icon=Icon::ChevronLeft />
            </A>
            <div class="chat-name">
                <h1 data-tip-cut=move || title.get()>{title}</h1>
                <p class="minor" data-part="with">{with}</p>
            </div>
            {move || {
                availability.get().map(|availability| {
                    let (tone, icon) = say::look(availability);
                    view! {
                        <span class="chat-state" data-availability=availability.as_str()>
                            <Badge tone icon word=Signal::derive(move || say::availability(i18n, availability).to_owned()) />
                        </span>
                    }
                })
            }}
            <div class="chat-actions">
                <IconButton
                    icon=Icon::Pencil
                    label=t_signal!(i18n, dialogs.rename)
                    action="rename-dialog"
                    on_click=move |()| renaming.set(true)
                />
                <IconButton
                    icon=Icon::Download
                    label=t_signal!(i18n, dialogs.export)
                    action="export"
                    on_click=move |()| {
                        if let Some(dialog) = current() {
                            export.run(dialog);
                        }
                    }
                />
                <Menu label=Signal::derive(move || t_string!(i18n, dialogs.menu, name = title.get())) items />
            </div>
        </header>
        <Rename
            open=renaming
            dialog=talk.dialog
            on_renamed=move |dialog| {
                talk.take(dialog);
                dialogs.refresh();
            }
        />
    }
}

/// Says that nobody would answer, why, and what to do.
#[component]
fn TargetBanner(
    talk: Talk,
    availability: Memo<Option<Availability>>,
    choosing: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let text = move || {
        let name = talk
            .dialog
            .with(|dialog| Some(dialog.as_ref()?.target.title.clone()))?;
        say::banner(i18n, availability.get()?, name)
    };
    let tone = move || match availability.get() {
        Some(Availability::GroupDeleted | Availability::AssistantDeleted) => Tone::Bad.as_str(),
        _ => Tone::Warn.as_str(),
    };
    view! {
        <div role="status" class="chat-banner-place">
            {move || {
                text().map(|text| view! {
                    <div class="chat-banner" id="target-banner" data-tone=tone>
                        <Glyph icon=Icon::Warning />
                        <p>{text}</p>
                        <button type="button" class="button small" data-action="choose-target" on:click=move |_| choosing.set(true)>
                            {t!(i18n, dialogs.choose.another)}
                        </button>
                    </div>
                })
            }}
        </div>
    }
}

#[component]
fn ChooseAnother(talk: Talk, dialogs: Dialogs, open: RwSignal<bool>) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let choose = Callback::new(move |(target, name): (Target, String)| {
        busy.set(true);
        spawn_local(async move {
            match api.update_dialog(talk.id, &target.update()).await {
                Ok(dialog) => {
                    talk.take(dialog);
                    dialogs.refresh();
                    toasts.success(tu_string!(i18n, dialogs.choose.changed, name));
                    open.try_set(false);
                    request_animation_frame(|| browser::focus("question"));
                }
                Err(error) => {
                    let why = untrack(|| words::error(i18n, &error));
                    toasts.failure(tu_string!(i18n, dialogs.change_failed, why));
                }
            }
            busy.try_set(false);
        });
    });
    view! {
        <Modal id="choose-target" open title=t_signal!(i18n, dialogs.choose.another_title) wide=true>
            <div class="modal-body">
                <p class="sub">{t!(i18n, dialogs.choose.another_lead)}</p>
                <Targets busy on_choose=choose />
            </div>
        </Modal>
    }
}

#[component]
fn Gone() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, dialogs.gone));
    view! {
        <div class="chat-pad">
            <div class="narrow card card-body" id="dialog-gone">
                <h1>{t!(i18n, dialogs.gone)}</h1>
                <p class="sub">{t!(i18n, dialogs.gone_hint)}</p>
                <p class="actions">
                    <A href=PATH attr:class="button primary">{t!(i18n, dialogs.back)}</A>
                </p>
            </div>
        </div>
    }
}
