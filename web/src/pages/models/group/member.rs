//! One row of the members: who it is and how it is at this moment, with its settings in this group.

use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::InstanceState;

use super::draft::{Draft, Member, uses_weights};
use super::known::Known;
use crate::api::use_api;
use crate::components::badge::StateBadge;
use crate::components::button::IconButton;
use crate::components::form::{Choice, Combobox, FormErrors};
use crate::components::icon::{Glyph, Icon};
use crate::i18n::{t, t_string, use_i18n, words};

/// The row.
#[component]
pub fn MemberRow(
    /// Whose row it is.
    member: Member,
    /// The group.
    draft: Draft,
    /// All instances.
    known: Known,
    /// The faults of the form.
    errors: FormErrors,
    /// Takes it out of the group.
    #[prop(into)]
    on_remove: Callback<()>,
) -> impl IntoView {
    let i18n = use_i18n();
    let Member {
        key,
        instance_id,
        enabled,
        model,
        open,
        ..
    } = member;
    let instance = Memo::new(move |_| known.get(instance_id));
    let status = Memo::new(move |_| known.status(instance_id));
    let name = move || {
        instance.with(|instance| match instance {
            Some(instance) => instance.name.clone(),
            None if known.is_loaded() => t_string!(i18n, group.members.unknown).to_owned(),
            None => String::new(),
        })
    };
    let base_url = move || {
        instance.with(|instance| instance.as_ref().map(|instance| instance.base_url.clone()))
    };
    let kind = move || instance.with(|instance| instance.as_ref().map(|instance| instance.kind));
    let own_model = move || {
        let over = model.with(|model| model.trim().to_owned());
        if over.is_empty() {
            instance.with(|instance| {
                instance
                    .as_ref()
                    .and_then(|instance| instance.model.clone())
            })
        } else {
            Some(t_string!(i18n, group.members.model_is, model = over))
        }
    };
    let state = Signal::derive(move || {
        status.with(|status| {
            status
                .as_ref()
                .map_or(InstanceState::Unknown, |status| status.state)
        })
    });
    let since = Signal::derive(move || {
        status.with(|status| {
            status
                .as_ref()
                .map(|status| status.since)
                .unwrap_or_default()
        })
    });
    let reason = move || {
        let status = status.get()?;
        // What works needs no explanation in a dense list, and of a pause the badge says everything.
        (!matches!(status.state, InstanceState::Up | InstanceState::Disabled))
            .then(|| words::reason(i18n, &status.code, &status.reason).sentence())
    };
    let weighted = Memo::new(move |_| uses_weights(draft.strategy()));
    let label =
        move |text: fn(words::Words, String) -> String| Signal::derive(move || text(i18n, name()));
    let toggle_label = Signal::derive(move || {
        if enabled.get() {
            t_string!(i18n, group.members.pause, name = name())
        } else {
            t_string!(i18n, group.members.resume, name = name())
        }
    });
    let settings_id = format!("members-{key}-settings");
    let controls = settings_id.clone();
    view! {
        <div
            class="member"
            id=format!("members-{key}")
            data-id=instance_id.to_string()
            data-name=name
            data-enabled=move || enabled.get().to_string()
        >
            <div class="member-who">
                <span class="member-name">{name}</span>
                <span class="member-facts">
                    {move || {
                        kind().map(|kind| view! { <span class="chip">{words::kind(i18n, kind)}</span> })
                    }}
                    <code>{base_url}</code>
                    {move || own_model().map(|model| view! { <span class="minor">{model}</span> })}
                </span>
            </div>
            <div class="member-state" data-state=move || state_name(state.get())>
                <Show
                    when=move || enabled.get()
                    fallback=move || {
                        view! {
                            <span class="badge" data-tone="idle">
                                <Glyph icon=Icon::Pause />
                                {t!(i18n, group.members.paused)}
                            </span>
                        }
                    }
                >
                    <Show when=move || status.with(Option::is_some)>
                        <StateBadge state since />
                    </Show>
                </Show>
            </div>
            <div class="member-actions">
                <Show when=move || weighted.get()>
                    <Weight member errors label=label(|i18n, name| t_string!(i18n, group.members.weight, name)) />
                </Show>
                <IconButton
                    icon=Signal::derive(move || if enabled.get() { Icon::Pause } else { Icon::Play })
                    label=toggle_label
                    action="toggle"
                    on_click=move |()| enabled.update(|enabled| *enabled = !*enabled)
                />
                <button
                    type="button"
                    class="button quiet square small"
                    data-action="settings"
                    aria-label=label(|i18n, name| t_string!(i18n, group.members.settings, name))
                    data-tip=label(|i18n, name| t_string!(i18n, group.members.settings, name))
                    aria-expanded=move || open.get().to_string()
                    aria-controls=controls
                    on:click=move |_| open.update(|open| *open = !*open)
                >
                    <Glyph icon=Icon::Sliders />
                </button>
                <IconButton
                    icon=Icon::Cross
                    label=label(|i18n, name| t_string!(i18n, group.members.remove, name))
                    action="remove"
                    on_click=on_remove
                />
            </div>
            {move || {
                reason()
                    .filter(|_| enabled.get())
                    .map(|said| {
                        view! {
                            <p class="member-reason minor" lang=said.lang>
                                {said.text}
                            </p>
                        }
                    })
            }}
            <div class="member-settings" id=settings_id hidden=move || !open.get()>
                <Show when=move || open.get()>
                    <ModelOverride member known errors />
                </Show>
            </div>
        </div>
    }
}

/// The name of a state for style sheets and tests: as on the wire.
fn state_name(state: InstanceState) -> Option<String> {
    serde_json::to_value(state)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
}

#[component]
fn Weight(member: Member, errors: FormErrors, label: Signal<String>) -> impl IntoView {
    let i18n = use_i18n();
    let id = format!("members-{}-weight", member.key);
    let error = errors.at(id.clone());
    let error_id = format!("{id}-error");
    let described = error_id.clone();
    view! {
        <span class="weight">
            <span class="minor" aria-hidden="true">
                {t!(i18n, group.members.weight_short)}
            </span>
            <input
                id=id
                class="input"
                type="text"
                inputmode="numeric"
                autocomplete="off"
                placeholder="1"
                aria-label=label
                aria-invalid=move || error.with(Option::is_some).then_some("true")
                aria-describedby=move || error.with(Option::is_some).then(|| described.clone())
                prop:value=member.weight
                on:input:target=move |event| member.weight.set(event.target().value())
            />
            <span id=error_id class="field-error">{error}</span>
        </span>
    }
}

/// What is known of the models of a backend.
#[derive(Clone, PartialEq)]
enum Models {
    Asking,
    Unknown,
    Listed(Vec<String>),
}

#[component]
fn ModelOverride(member: Member, known: Known, errors: FormErrors) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let models = RwSignal::new(Models::Asking);
    let instance_id = member.instance_id;
    spawn_local(async move {
        let found = match api.check_stored_instance(instance_id).await {
            Ok(check) if !check.models.is_empty() => Models::Listed(check.models),
            _ => Models::Unknown,
        };
        models.try_set(found);
    });
    let choices = Signal::derive(move || match models.get() {
        Models::Listed(models) => models.into_iter().map(Choice::plain).collect(),
        Models::Asking | Models::Unknown => Vec::new(),
    });
    let hint = Signal::derive(move || {
        let own = known
            .get(instance_id)
            .and_then(|instance| instance.model.clone());
        match own {
            Some(model) => t_string!(i18n, group.members.model_hint, model),
            None => t_string!(i18n, group.members.model_hint_any).to_owned(),
        }
    });
    let empty = Signal::derive(move || {
        match models.get() {
            Models::Asking => t_string!(i18n, group.members.model_asking),
            Models::Unknown | Models::Listed(_) => t_string!(i18n, group.members.model_unknown),
        }
        .to_owned()
    });
    let id = format!("members-{}-model", member.key);
    let error = errors.at(id.clone());
    view! {
        <Combobox
            id=id
            label=Signal::derive(move || t_string!(i18n, group.members.model).to_owned())
            value=member.model
            choices
            free=true
            code=true
            hint
            empty
            error
        />
    }
}
