//! The screen «Настройки»: what administrators change of the whole service while it runs.

use leptos::prelude::*;
use serde_json::{Value, json};
use understudy_shared::{Role, Settings, UpdateSettings};

use super::guard::OnlyFor;
use super::use_title;
use crate::api::use_api;
use crate::components::badge::Tone;
use crate::components::conflict::{ConflictDialog, FieldValue};
use crate::components::editing::{About, Done, Editing};
use crate::components::form::errors::Fault;
use crate::components::form::{
    ErrorSummary, FormErrors, NumberField, Place, Select, SelectOption, number,
};
use crate::components::form_page::{FormPage, FormSection};
use crate::components::notice::{ErrorNotice, Notice};
use crate::components::toast::use_toasts;
use crate::i18n::words::{self, Words};
use crate::i18n::{t, t_signal, t_string, tu_string, use_i18n};
use crate::load::Load;
use crate::merge::Fields;

/// The name of the only field on the wire.
const RETENTION: &str = "audit_retention_days";
/// The choice of an own number of days.
const OWN: &str = "own";
/// The choice to keep everything.
const EVER: &str = "ever";
/// Days to choose from.
const DAYS: [&str; 4] = ["30", "90", "365", "1095"];

/// The page.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let i18n = use_i18n();
    use_title(move || t_string!(i18n, settings.title));
    view! {
        <OnlyFor
            role=Role::Admin
            title=t_signal!(i18n, settings.title)
            text=t_signal!(i18n, settings.only)
        >
            <Loaded />
        </OnlyFor>
    }
}

#[component]
fn Loaded() -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let load = Load::polling(move || api.get_settings());
    // The form is made once; what comes later is met when it is saved.
    let first = Memo::new(move |before: Option<&Option<Settings>>| {
        before.cloned().flatten().or_else(|| load.value())
    });
    move || match (first.get(), load.error()) {
        (Some(settings), _) => view! { <Form settings /> }.into_any(),
        (None, Some(error)) => view! {
            <h1 class="unseen">{t!(i18n, settings.title)}</h1>
            <ErrorNotice error retry=Callback::new(move |()| load.refresh()) />
        }
        .into_any(),
        (None, None) => view! {
            <h1 class="unseen">{t!(i18n, settings.title)}</h1>
            <div class="form-page form-skeleton" aria-hidden="true">
                <div class="card"></div>
            </div>
        }
        .into_any(),
    }
}

fn fields(settings: &Settings) -> Fields {
    let mut fields = Fields::new();
    fields.insert(RETENTION.to_owned(), json!(settings.audit_retention_days));
    fields
}

/// What is typed.
#[derive(Clone, Copy)]
struct Draft {
    choice: RwSignal<String>,
    days: RwSignal<String>,
}

impl Draft {
    fn fill(self, fields: &Fields) {
        let days = fields.get(RETENTION).and_then(Value::as_u64);
        let text = days.map(|days| days.to_string());
        let (choice, days) = choice(text);
        self.choice.set(choice);
        self.days.set(days);
    }

    /// The number of days, none for ever; tracked.
    fn days(self) -> Result<Option<u32>, Fault> {
        let choice = self.choice.get();
        match choice.as_str() {
            EVER => Ok(None),
            OWN => match number::parse(&self.days.get(), 0) {
                Ok(Some(days)) => Ok(Some(u32::try_from(days).unwrap_or(u32::MAX))),
                Ok(None) => Err(Fault::Required),
                Err(_) => Err(Fault::NotANumber),
            },
            days => Ok(days.parse().ok()),
        }
    }

    fn fields(self) -> Fields {
        let mut fields = Fields::new();
        fields.insert(RETENTION.to_owned(), json!(self.days().unwrap_or_default()));
        fields
    }

    fn faults(self) -> Vec<Place> {
        let id = Some("retention-days".to_owned());
        match self.days() {
            Err(fault) => vec![Place { id, fault }],
            Ok(days) => {
                let settings = UpdateSettings {
                    audit_retention_days: days,
                };
                let faults = settings.faults().into_iter();
                let place = |error| Place {
                    id: id.clone(),
                    fault: Fault::Rule(error),
                };
                faults.map(place).collect()
            }
        }
    }
}

/// The choice that a number of days is, and what stands in the field for an own one.
fn choice(days: Option<String>) -> (String, String) {
    match days {
        None => (EVER.to_owned(), String::new()),
        Some(days) if DAYS.contains(&&*days) => (days, String::new()),
        Some(days) => (OWN.to_owned(), days),
    }
}

#[component]
fn Form(settings: Settings) -> impl IntoView {
    let i18n = use_i18n();
    let api = use_api();
    let toasts = use_toasts();
    let draft = Draft {
        choice: RwSignal::new(String::new()),
        days: RwSignal::new(String::new()),
    };
    draft.fill(&fields(&settings));
    let saved = RwSignal::new(Some(settings));
    let errors = FormErrors::new(move || draft.faults());
    let base = Memo::new(move |_| saved.with(|saved| saved.as_ref().map(fields)));
    let dirty = Memo::new(move |_| {
        let unread = draft.days().is_err();
        unread || base.with(|base| base.as_ref() != Some(&draft.fields()))
    });
    let field_of =
        |pointer: &str| (pointer == "/audit_retention_days").then(|| "retention-days".to_owned());
    let editing = Editing::new(
        saved,
        About {
            fields,
            version: |settings: &Settings| settings.version,
            order: &[RETENTION],
        },
        move |_| async move { api.get_settings().await },
        move |_, version, patch: Fields| async move { api.update_settings(version, &patch).await },
        move |done: Done<Settings>| match done {
            Done::Saved(settings, sent) => {
                toasts.success(tu_string!(i18n, settings.saved));
                if untrack(|| draft.fields()) == sent {
                    draft.fill(&fields(&settings));
                }
                errors.clear();
            }
            Done::Unchanged => toasts.success(tu_string!(i18n, settings.unchanged)),
            Done::Rebased(fields) => draft.fill(&fields),
            Done::Kept => toasts.success(tu_string!(i18n, settings.kept)),
            Done::Refused(error) => errors.refuse(error, field_of),
            // There are always settings.
            Done::Gone => {}
        },
    );
    let save = move |()| {
        if errors.pass() {
            editing.save(untrack(|| draft.fields()), Fields::new());
        }
    };
    let is_own = Memo::new(move |_| draft.choice.with(|choice| choice == OWN));
    // What would be removed within an hour, and cannot be brought back.
    let shorter = Memo::new(move |_| {
        let before =
            saved.with(|saved| saved.as_ref().and_then(|saved| saved.audit_retention_days));
        match (draft.days(), before) {
            (Ok(Some(now)), Some(before)) => now < before,
            (Ok(Some(_)), None) => true,
            _ => false,
        }
    });
    let in_days = move |count: &'static str| SelectOption {
        value: count,
        label: Signal::derive(move || retention(i18n, count.parse().ok())),
    };
    let mut options: Vec<SelectOption> = DAYS.into_iter().map(in_days).collect();
    options.push(SelectOption {
        value: OWN,
        label: t_signal!(i18n, settings.own_days),
    });
    options.push(SelectOption {
        value: EVER,
        label: t_signal!(i18n, settings.for_ever),
    });
    view! {
        <div
            on:input=move |event| errors.on_input(&event)
            on:focusout=move |event| errors.on_left(&event)
        >
            <FormPage
                id="settings"
                parent="/models"
                parent_title=t_signal!(i18n, frame.places.models)
                title=t_signal!(i18n, settings.title)
                dirty
                busy=editing.busy
                save_label=t_signal!(i18n, settings.save)
                on_save=save
                errors=move || view! { <ErrorSummary errors /> }
            >
                <FormSection
                    id="audit-retention"
                    title=t_signal!(i18n, settings.audit)
                    hint=t_signal!(i18n, settings.audit_hint)
                >
                    <div class="form-row">
                        <Select
                            id="retention"
                            label=t_signal!(i18n, settings.retention)
                            value=draft.choice
                            options
                        />
                        <Show when=move || is_own.get()>
                            <NumberField
                                id="retention-days"
                                label=t_signal!(i18n, settings.days)
                                value=draft.days
                                unit=t_signal!(i18n, settings.days_unit)
                                hint=t_signal!(i18n, settings.days_hint)
                                error=errors.at("retention-days")
                            />
                        </Show>
                    </div>
                    <Show when=move || shorter.get()>
                        <Notice tone=Tone::Warn title=t_signal!(i18n, settings.shorter)>
                            <p>{t!(i18n, settings.shorter_hint)}</p>
                        </Notice>
                    </Show>
                </FormSection>
            </FormPage>
        </div>
        <ConflictDialog
            conflict=editing.conflict
            label=move |_: String| t_string!(i18n, settings.retention).to_owned()
            words=move |value: FieldValue| retention(i18n, value.value.as_u64())
            on_resolve=move |resolution| {
                editing.resolve(resolution, untrack(|| draft.fields()));
            }
        />
    }
}

/// A number of days in words.
fn retention(i18n: Words, days: Option<u64>) -> String {
    match days {
        None => t_string!(i18n, settings.for_ever).to_owned(),
        Some(days) => words::days(i18n, days),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_of_days_has_its_choice() {
        let of = |days: Option<&str>| choice(days.map(str::to_owned));
        assert_eq!(of(None), (EVER.to_owned(), String::new()));
        assert_eq!(of(Some("90")), ("90".to_owned(), String::new()));
        assert_eq!(of(Some("100")), (OWN.to_owned(), "100".to_owned()));
    }
}
