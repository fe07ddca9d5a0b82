//! The form of one user: `/users/new` and `/users/:id`.

pub mod delete;
mod parts;

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::components::A;
use leptos_router::hooks::{use_navigate, use_params_map};
use serde_json::Value;
use understudy_shared::{ProblemCode, Role, SignInMethod, UpdateUser, User, UserId};

use super::row::called;
use super::values::{Draft, ORDER, field_of, fields};
use super::{PATH, role};
use crate::api::{ApiError, use_api};
use crate::components::badge::{Badge, Tone};
use crate::components::confirm::{Question, use_confirm};
use crate::components::conflict::{ConflictDialog, FieldValue};
use crate::components::editing::{About, Done, Editing};
use crate::components::form::errors::Fault;
use crate::components::form::{ErrorSummary, FormErrors, Place, Segmented, Switch, TextField};
use crate::components::form_page::{FormPage, FormSection};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::{ErrorNotice, Notice};
use crate::components::toast::use_toasts;
use crate::i18n::words::{self, Words};
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n};
use crate::merge::Fields;
use crate::pages::guard::OnlyFor;
use crate::pages::{in_place, use_title};
use crate::session::use_session;
use delete::use_delete;
use parts::{Facts, Password, RoleOfProvider};

/// Somebody new.
#[component]
pub fn NewUserPage() -> impl IntoView {
    let i18n = use_i18n();
    view! {
        <OnlyFor role=Role::Admin title=t_signal!(i18n, users.title) text=t_signal!(i18n, users.only)>
            <UserForm user=None />
        </OnlyFor>
    }
}

/// Somebody who is there.
#[component]
pub fn UserPage() -> impl IntoView {
    let i18n = use_i18n();
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|params| params.get("id")?.parse::<UserId>().ok()));
    view! {
        <OnlyFor role=Role::Admin title=t_signal!(i18n, users.title) text=t_signal!(i18n, users.only)>
            {move || match id.get() {
                Some(id) => view! { <Saved id /> }.into_any(),
                None => view! { <Missing /> }.into_any(),
            }}
        </OnlyFor>
    }
}

#[component]
fn Saved(id: UserId) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let loaded = RwSignal::new(None::<Result<User, ApiError>>);
    let load = move |()| {
        loaded.set(None);
        spawn_local(async move {
            let user = api.get_user(id).await;
            loaded.try_set(Some(user));
        });
    };
    load(());
    move || match loaded.get() {
        None => view! {
            <h1 class="unseen">{t!(i18n, users.one)}</h1>
            <div class="form-page form-skeleton" aria-hidden="true">
                <div class="card"></div>
                <div class="card"></div>
            </div>
        }
        .into_any(),
        Some(Ok(user)) => view! { <UserForm user=Some(user) /> }.into_any(),
        Some(Err(error)) if error.is_gone() => view! { <Missing /> }.into_any(),
        Some(Err(error)) => {
            use_title(move || t_string!(i18n, users.one));
            view! {
                <h1 class="unseen">{t!(i18n, users.one)}</h1>
                <ErrorNotice error retry=Callback::new(load) />
            }
            .into_any()
        }
    }
}

/// For an address at which there is nobody, or nobody any more.
#[component]
fn Missing() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, users.missing));
    view! {
        <div class="narrow card card-body" id="user-missing">
            <h1>{t!(i18n, users.missing)}</h1>
            <p class="sub">{t!(i18n, users.missing_hint)}</p>
            <p class="actions">
                <A href=PATH attr:class="button primary">
                    {t!(i18n, users.back)}
                </A>
            </p>
        </div>
    }
}

#[component]
fn UserForm(
    /// What is saved; none for somebody new.
    user: Option<User>,
) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let confirm = use_confirm();
    let session = use_session();
    let navigate = StoredValue::new_local(use_navigate());
    let is_new = user.is_none();
    let of_provider = user
        .as_ref()
        .is_some_and(|user| user.sign_in == SignInMethod::Oidc);
    let draft = Draft::new(user.as_ref());
    let before = StoredValue::new(untrack(|| draft.fields()));
    let saved = RwSignal::new(user);
    let gone = RwSignal::new(false);
    let lost = RwSignal::new(false);
    let dirty = Memo::new(move |_| {
        let base = saved.with(|saved| match saved {
            Some(user) => fields(user),
            None => before.get_value(),
        });
        let typed = draft
            .password
            .with(|password| password.as_ref().is_some_and(|text| !text.is_empty()));
        !gone.get() && (typed || draft.fields() != base)
    });
    let errors = FormErrors::new(move || draft.faults());
    let title = Signal::derive(move || {
        saved.with(|saved| match saved {
            Some(user) => called(user),
            None => t_string!(i18n, users.new).to_owned(),
        })
    });
    use_title(move || title.get());
    let refuse = move |error: ApiError| match error.problem().map(|problem| problem.code) {
        // The service names no field for the last administrator; it is the role or the switch that would take them away.
        Some(ProblemCode::Conflict) if error.field("/username").is_none() => {
            let field = if draft.enabled.get_untracked() {
                "/role"
            } else {
                "/enabled"
            };
            errors.refuse_with(vec![Place {
                id: field_of(field),
                fault: Fault::Said(t_signal!(i18n, users.last_admin)),
            }]);
        }
        _ => errors.refuse(error, field_of),
    };
    let editing = Editing::new(
        saved,
        About {
            fields,
            version: |user: &User| user.version,
            order: &ORDER,
        },
        move |old: User| async move { api.get_user(old.id).await },
        move |old: User, version, patch: Fields| async move {
            let body: UpdateUser = serde_json::from_value(patch.into()).unwrap_or_default();
            api.update_user(old.id, version, &body).await
        },
        move |done: Done<User>| match done {
            Done::Saved(user, sent) => {
                toasts.success(tu_string!(i18n, users.saved, name = called(&user)));
                if untrack(|| draft.fields()) == sent {
                    draft.fill(&fields(&user));
                }
                draft.password.set(None);
                errors.clear();
                session.renew_user(&user);
            }
            Done::Unchanged => toasts.success(tu_string!(i18n, users.unchanged)),
            Done::Rebased(fields) => draft.fill(&fields),
            Done::Kept => toasts.success(tu_string!(i18n, users.kept)),
            Done::Refused(error) => refuse(error),
            Done::Gone => lost.set(true),
        },
    );
    let create = move || {
        let body = untrack(|| draft.create());
        editing.busy.set(true);
        spawn_local(async move {
            match api.create_user(&body).await {
                Ok(user) => {
                    toasts.success(tu_string!(i18n, users.created, name = called(&user)));
                    gone.try_set(true);
                    navigate.with_value(|navigate| {
                        navigate(&format!("{PATH}/{}", user.id), in_place());
                    });
                }
                Err(error) => refuse(error),
            }
            editing.busy.try_set(false);
        });
    };
    let save = move |()| {
        if !errors.pass() {
            return;
        }
        if is_new {
            return create();
        }
        let (mine, secret) = untrack(|| (draft.fields(), draft.secret()));
        let own = saved.with_untracked(|saved| {
            let me = session.user_untracked()?;
            saved
                .as_ref()
                .is_some_and(|user| user.id == me.id)
                .then_some(me)
        });
        let risk = own.and_then(|me| risk(&me, &untrack(|| draft.writable())));
        let Some(risk) = risk else {
            return editing.save(mine, secret);
        };
        // One cannot undo it oneself.
        spawn_local(async move {
            let question = Question::new(
                tu_string!(i18n, users.own.title),
                tu_string!(i18n, users.own.confirm),
            );
            let text = move || match risk {
                Risk::Demoted => t_string!(i18n, users.own.demoted),
                Risk::Disabled => t_string!(i18n, users.own.disabled),
            };
            let body = move || view! { <p>{text}</p> };
            if confirm.ask(question.body(body).danger()).await {
                editing.save(mine, secret);
            }
        });
    };
    let (delete, deleting) = use_delete(move |()| {
        gone.set(true);
        navigate.with_value(|navigate| navigate(PATH, NavigateOptions::default()));
    });
    let status = move || {
        saved.with(|saved| {
            let user = saved.as_ref()?;
            let (tone, icon, word) = if user.enabled {
                (Tone::Ok, Icon::Check, t_signal!(i18n, users.states.enabled))
            } else {
                (
                    Tone::Idle,
                    Icon::Ban,
                    t_signal!(i18n, users.states.disabled),
                )
            };
            Some(view! { <Badge tone icon word /> })
        })
    };
    let more = move || {
        (!is_new).then(|| {
            view! {
                <button
                    type="button"
                    class="button quiet"
                    data-action="delete"
                    aria-disabled=move || deleting.get().to_string()
                    on:click=move |_| {
                        if let Some(user) = saved.get_untracked() {
                            delete.run(user);
                        }
                    }
                >
                    <Glyph icon=Icon::Trash />
                    {t!(i18n, users.delete.button)}
                </button>
            }
        })
    };
    let lost_notice = move || {
        lost.get().then(|| {
            view! {
                <Notice tone=Tone::Bad title=t_signal!(i18n, users.missing)>
                    <p>{t!(i18n, users.missing_hint)}</p>
                </Notice>
            }
        })
    };
    view! {
        <div
            on:input=move |event| errors.on_input(&event)
            on:focusout=move |event| errors.on_left(&event)
        >
            <FormPage
                id="user"
                parent=PATH
                parent_title=t_signal!(i18n, users.title)
                title
                status=move || view! { {status} }
                dirty
                busy=editing.busy
                save_label=Signal::derive(move || {
                    if is_new {
                        t_string!(i18n, users.create).to_owned()
                    } else {
                        t_string!(i18n, users.save).to_owned()
                    }
                })
                on_save=save
                errors=move || view! { {lost_notice} <ErrorSummary errors /> }
                more=more
                side=move || view! { <Facts saved /> }
            >
                <FormSection id="who" title=t_signal!(i18n, users.sections.who)>
                    <div class="form-row">
                        <TextField
                            id="username"
                            label=t_signal!(i18n, users.field.username)
                            value=draft.username
                            hint=Signal::derive(move || {
                                match of_provider {
                                    true => t_string!(i18n, users.field.username_of_provider),
                                    false => t_string!(i18n, users.field.username_hint),
                                }
                                .to_owned()
                            })
                            error=errors.at("username")
                            required=true
                            code=true
                        />
                        <TextField
                            id="display-name"
                            label=t_signal!(i18n, users.field.display_name)
                            value=draft.display_name
                            hint=t_signal!(i18n, users.field.display_name_hint)
                            placeholder=t_signal!(i18n, users.field.display_name_example)
                            error=errors.at("display-name")
                        />
                    </div>
                    {if of_provider {
                        view! {
                            <p class="hint" id="password-of-provider">
                                {t!(i18n, users.field.password_of_provider)}
                            </p>
                        }
                        .into_any()
                    } else {
                        view! { <Password draft is_new error=errors.at("new-password") /> }.into_any()
                    }}
                </FormSection>
                <FormSection id="rights" title=t_signal!(i18n, users.sections.rights)>
                    {if of_provider {
                        view! { <RoleOfProvider draft /> }.into_any()
                    } else {
                        view! {
                            <Segmented
                                id="role"
                                label=t_signal!(i18n, users.field.role)
                                value=draft.role
                                segments=role::segments(i18n)
                                error=errors.at("role")
                            />
                        }
                        .into_any()
                    }}
                    <Switch
                        id="enabled"
                        label=t_signal!(i18n, users.field.enabled)
                        value=draft.enabled
                        hint=t_signal!(i18n, users.field.enabled_hint)
                        error=errors.at("enabled")
                    />
                </FormSection>
            </FormPage>
        </div>
        <ConflictDialog
            conflict=editing.conflict
            label=move |field: String| label(i18n, &field)
            words=move |value: FieldValue| say(i18n, &value)
            on_resolve=move |resolution| {
                editing.resolve(resolution, untrack(|| draft.fields()));
            }
        />
    }
}

/// What somebody would do to themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Risk {
    Demoted,
    Disabled,
}

fn risk(me: &User, wanted: &understudy_shared::WritableUser) -> Option<Risk> {
    if !wanted.enabled {
        Some(Risk::Disabled)
    } else if wanted.role < me.role {
        Some(Risk::Demoted)
    } else {
        None
    }
}

fn label(i18n: Words, field: &str) -> String {
    match field {
        "username" => t_string!(i18n, users.field.username),
        "display_name" => t_string!(i18n, users.field.display_name),
        "role" => t_string!(i18n, users.field.role),
        "enabled" => t_string!(i18n, users.columns.state),
        other => return other.to_owned(),
    }
    .to_owned()
}

fn say(i18n: Words, value: &FieldValue) -> String {
    let FieldValue { field, value } = value;
    match (field.as_str(), value) {
        ("role", Value::String(name)) => words::role(i18n, role::read(name)).to_owned(),
        ("enabled", Value::Bool(true)) => t_string!(i18n, users.states.enabled).to_owned(),
        ("enabled", Value::Bool(false)) => t_string!(i18n, users.states.disabled).to_owned(),
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use understudy_shared::WritableUser;

    use super::*;

    #[test]
    fn only_what_cannot_be_undone_by_oneself_is_asked_about() {
        let me = User {
            id: "01890a5d-ac96-774b-bcce-b302099a8057".parse().unwrap(),
            username: "ada".into(),
            display_name: String::new(),
            role: Role::Admin,
            enabled: true,
            sign_in: SignInMethod::Local,
            created_at: DateTime::UNIX_EPOCH,
            last_sign_in_at: None,
            version: 1,
        };
        let wanted = |role, enabled| WritableUser {
            username: "ada".into(),
            display_name: "Ada".into(),
            role,
            enabled,
        };
        assert_eq!(risk(&me, &wanted(Role::Admin, true)), None);
        assert_eq!(risk(&me, &wanted(Role::User, true)), Some(Risk::Demoted));
        assert_eq!(risk(&me, &wanted(Role::Admin, false)), Some(Risk::Disabled));
    }
}
