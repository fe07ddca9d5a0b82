//! What can be done with one instance.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::A;
use leptos_router::hooks::use_navigate;
use understudy_shared::{InstanceState, InstanceStatus, ModelInstance, ModelInstanceId};
use uuid::Uuid;

use super::{path, warning};
use crate::api::{ApiError, use_api};
use crate::components::icon::{Glyph, Icon};
use crate::components::menu::{Menu, MenuItem};
use crate::components::toast::{Toast, use_toasts};
use crate::i18n::{t_string, use_i18n, words};
use crate::pages::models::deeds::{Target, failure_words};
use crate::pages::models::list::Table;
use crate::pages::models::list::{List, Listed};
use crate::pages::models::members::Members;

/// How long a drill from this list lasts.
const DRILL_SECONDS: u32 = 120;

/// The pencil and the menu.
#[component]
pub fn Actions(
    id: Uuid,
    item: ReadSignal<ModelInstance>,
    list: List<ModelInstance>,
    members: Members,
    name: Memo<String>,
    enabled: Memo<bool>,
    status: Memo<InstanceStatus>,
    /// Whether it is being checked, both ways.
    checking: RwSignal<bool>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let navigate = use_navigate();
    let deeds = list.deeds;
    let own = ModelInstanceId(id);
    let target = move || Target {
        enabled: enabled.get_untracked(),
        ..item.with_untracked(Listed::target)
    };
    let failed = move |words: String, error: &ApiError| {
        let reason = untrack(|| failure_words(i18n, error));
        toasts.failure(format!("{words}: {reason}"));
    };
    let changed = move || {
        deeds.pointer.acted();
        list.load.refresh();
    };
    let check = Callback::new(move |()| {
        if checking.get_untracked() {
            return;
        }
        checking.set(true);
        spawn_local(async move {
            let result = api.check_model_instance(own).await;
            // The row may be gone.
            let Some(name) = name.try_get_untracked() else {
                return;
            };
            checking.set(false);
            match result {
                Ok(result) => {
                    let words = untrack(|| {
                        let found = words::check(i18n, &result.code);
                        t_string!(i18n, models.instances.checked, name, found)
                    });
                    if result.ok {
                        toasts.success(words);
                    } else {
                        toasts.failure(words);
                    }
                    changed();
                }
                Err(error) => {
                    failed(
                        untrack(|| t_string!(i18n, models.instances.check_failed, name)),
                        &error,
                    );
                }
            }
        });
    });
    let end_drill = Callback::new(move |()| {
        spawn_local(async move {
            let result = api.end_drill(own).await;
            let name = name.try_get_untracked().unwrap_or_default();
            match result {
                Ok(_) => {
                    toasts.success(untrack(|| {
                        t_string!(i18n, models.instances.drill_ended, name)
                    }));
                    changed();
                }
                Err(error) => {
                    failed(
                        untrack(|| t_string!(i18n, models.instances.drill_failed, name)),
                        &error,
                    );
                }
            }
        });
    });
    let drill = Callback::new(move |()| {
        spawn_local(async move {
            let result = api.drill_model_instance(own, DRILL_SECONDS).await;
            let name = name.try_get_untracked().unwrap_or_default();
            match result {
                Ok(_) => {
                    let words = untrack(|| t_string!(i18n, models.instances.drill_started, name));
                    let end = untrack(|| t_string!(i18n, models.instances.end_drill));
                    toasts.show(Toast::success(words).action(end, end_drill));
                    changed();
                }
                Err(error) => {
                    failed(
                        untrack(|| t_string!(i18n, models.instances.drill_failed, name)),
                        &error,
                    );
                }
            }
        });
    });
    let navigate = StoredValue::new_local(navigate);
    let duplicate = Callback::new(move |()| {
        spawn_local(async move {
            let result = api.duplicate_model_instance(own).await;
            let Some(name) = name.try_get_untracked() else {
                return;
            };
            match result {
                Ok(copy) => {
                    let name = copy.name.clone();
                    toasts.success(untrack(|| {
                        t_string!(i18n, models.instances.duplicated, name)
                    }));
                    navigate.with_value(|go| go(&path(copy.id.0), Default::default()));
                }
                Err(error) => {
                    failed(
                        untrack(|| t_string!(i18n, models.instances.duplicate_failed, name)),
                        &error,
                    );
                }
            }
        });
    });
    // What it says is of the moment at which it opens.
    let items = move || {
        untrack(|| {
            let related = Table::Groups
                .at(list.address)
                .related("instance", &id.to_string());
            let toggle = if enabled.get_untracked() {
                MenuItem::run(
                    "pause",
                    Icon::Pause,
                    t_string!(i18n, models.deeds.pause),
                    move || deeds.set_enabled(vec![target()], false),
                )
            } else {
                MenuItem::run(
                    "enable",
                    Icon::Play,
                    t_string!(i18n, models.deeds.enable),
                    move || deeds.set_enabled(vec![target()], true),
                )
            };
            let drilled = status.with_untracked(|status| status.state) == InstanceState::Drilled;
            let drill = if drilled {
                MenuItem::run(
                    "end-drill",
                    Icon::Stop,
                    t_string!(i18n, models.instances.end_drill),
                    end_drill,
                )
            } else {
                MenuItem::run(
                    "drill",
                    Icon::Cone,
                    t_string!(i18n, models.instances.drill),
                    drill,
                )
            };
            let mut items = vec![
                MenuItem::go("edit", Icon::Pencil, t_string!(i18n, models.open), path(id)),
                MenuItem::run(
                    "duplicate",
                    Icon::Copy,
                    t_string!(i18n, models.instances.duplicate),
                    duplicate,
                ),
                MenuItem::go(
                    "related",
                    Icon::Layers,
                    t_string!(i18n, models.instances.show_groups),
                    format!("{related}#groups"),
                ),
                MenuItem::run(
                    "check",
                    Icon::Pulse,
                    t_string!(i18n, models.instances.check),
                    check,
                ),
            ];
            if enabled.get_untracked() {
                items.push(drill);
            }
            items.push(toggle);
            items.push(
                MenuItem::run(
                    "delete",
                    Icon::Trash,
                    t_string!(i18n, models.deeds.delete_dots),
                    move || {
                        let targets = vec![target()];
                        deeds.delete(targets.clone(), warning(i18n, members, targets));
                    },
                )
                .danger(),
            );
            items
        })
    };
    view! {
        <div class="row-actions">
            <A
                href=path(id)
                attr:class="button quiet square small"
                attr:data-action="edit"
                attr:aria-label=move || t_string!(i18n, models.edit, name = name.get())
                attr:data-tip=move || t_string!(i18n, models.open)
            >
                <Glyph icon=Icon::Pencil />
            </A>
            <Menu
                label=Signal::derive(move || t_string!(i18n, models.more, name = name.get()))
                items
            />
        </div>
    }
}
