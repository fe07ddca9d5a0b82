//! How long things are kept: what administrators change of the whole service while it runs.

use leptos::prelude::*;
use serde_json::{Value, json};
use understudy_shared::{Settings, UpdateSettings};

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

/// The fields in the order of the form.
const ORDER: [&str; 2] = ["audit_retention_days", "usage_retention_days"];
/// The choice of an own number of days.
const OWN: &str = "own";
/// The choice to keep everything.
const EVER: &str = "ever";
/// Days to choose from.
const DAYS: [&str; 4] = ["30", "90", "365", "1095"];

/// The form, once it is known what it begins with.
#[component]
pub fn Retention() -> impl IntoView {
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
    of([settings.audit_retention_days, settings.usage_retention_days])
}

fn of(days: [Option<u32>; 2]) -> Fields {
    let fields = ORDER.into_iter().zip(days);
    fields
        .map(|(name, days)| (name.to_owned(), json!(days)))
        .collect()
}

/// What is typed of one time.
#[derive(Clone, Copy)]
struct Kept {
    choice: RwSignal<String>,
    days: RwSignal<String>,
}

impl Kept {
    fn new() -> Self {
        Self {
            choice: RwSignal::new(String::new()),
            days: RwSignal::new(String::new()),
        }
    }

    fn fill(self, days: Option<u64>) {
        let (choice, days) = choice(days.map(|days| days.to_string()));
        self.choice.set(choice);
        self.days.set(days);
    }

    /// The number of days, none for ever; tracked.
    fn read(self) -> Result<Option<u32>, Fault> {
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
}

/// What is typed.
#[derive(Clone, Copy)]
struct Draft([Kept; 2]);

impl Draft {
    fn fill(self, fields: &Fields) {
        for (name, kept) in ORDER.into_iter().zip(self.0) {
            kept.fill(fields.get(name).and_then(Value::as_u64));
        }
    }

    fn fields(self) -> Fields {
        of(self.0.map(|kept| kept.read().unwrap_or_default()))
    }

    /// Whether something is typed that is no time; tracked.
    fn is_unread(self) -> bool {
        self.0.into_iter().any(|kept| kept.read().is_err())
    }

    fn faults(self) -> Vec<Place> {
        let [audit, usage] = self.0.map(Kept::read);
        let settings = UpdateSettings {
            audit_retention_days: audit.clone().unwrap_or_default(),
            usage_retention_days: usage.clone().unwrap_or_default(),
        };
        let unread = [audit, usage].into_iter().zip(ORDER);
        let unread = unread.filter_map(|(days, name)| {
            let fault = days.err()?;
            let id = Some(id_of(name));
            Some(Place { id, fault })
        });
        let broken = settings.faults().into_iter().map(|error| Place {
            id: field_of(&error.pointer),
            fault: Fault::Rule(Box::new(error)),
        });
        unread.chain(broken).collect()
    }
}

fn id_of(name: &str) -> String {
    name.replace('_', "-")
}

/// The field of a pointer.
fn field_of(pointer: &str) -> Option<String> {
    let name = pointer.strip_prefix('/')?;
    ORDER.contains(&name).then(|| id_of(name))
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
    let draft = Draft([Kept::new(), Kept::new()]);
    draft.fill(&fields(&settings));
    let saved = RwSignal::new(Some(settings));
    let errors = FormErrors::new(move || draft.faults());
    let base = Memo::new(move |_| saved.with(|saved| saved.as_ref().map(fields)));
    let dirty = Memo::new(move |_| {
        let unread = draft.is_unread();
        unread || base.with(|base| base.as_ref() != Some(&draft.fields()))
    });
    let editing = Editing::new(
        saved,
        About {
            fields,
            version: |settings: &Settings| settings.version,
            order: &ORDER,
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
                <KeptSection
                    index=0
                    id="keep-audit"
                    title=t_signal!(i18n, settings.audit)
                    hint=t_signal!(i18n, settings.audit_hint)
                    warning=t_signal!(i18n, settings.shorter_hint)
                    draft
                    base
                    errors
                />
                <KeptSection
                    index=1
                    id="keep-usage"
                    title=t_signal!(i18n, settings.usage)
                    hint=t_signal!(i18n, settings.usage_hint)
                    warning=t_signal!(i18n, settings.usage_shorter_hint)
                    draft
                    base
                    errors
                />
            </FormPage>
        </div>
        <ConflictDialog
            conflict=editing.conflict
            label=move |field: String| {
                if field == ORDER[0] {
                    t_string!(i18n, settings.audit).to_owned()
                } else {
                    t_string!(i18n, settings.usage).to_owned()
                }
            }
            words=move |value: FieldValue| retention(i18n, value.value.as_u64())
            on_resolve=move |resolution| {
                editing.resolve(resolution, untrack(|| draft.fields()));
            }
        />
    }
}

/// How long one thing is kept.
#[component]
fn KeptSection(
    /// Its place in the order.
    index: usize,
    id: &'static str,
    title: Signal<String>,
    hint: Signal<String>,
    warning: Signal<String>,
    draft: Draft,
    base: Memo<Option<Fields>>,
    errors: FormErrors,
) -> impl IntoView {
    let i18n = use_i18n();
    let (name, kept) = (ORDER[index], draft.0[index]);
    let is_own = Memo::new(move |_| kept.choice.with(|choice| choice == OWN));
    // What would be removed within an hour, and cannot be brought back.
    let shorter = Memo::new(move |_| {
        let before = base.with(|base| base.as_ref()?.get(name)?.as_u64());
        match (kept.read(), before) {
            (Ok(Some(now)), Some(before)) => u64::from(now) < before,
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
        <FormSection id title hint>
            <div class="form-row">
                <Select
                    id=format!("{id}-choice")
                    label=t_signal!(i18n, settings.retention)
                    value=kept.choice
                    options
                />
                <Show when=move || is_own.get()>
                    <NumberField
                        id=id_of(name)
                        label=t_signal!(i18n, settings.days)
                        value=kept.days
                        unit=t_signal!(i18n, settings.days_unit)
                        hint=t_signal!(i18n, settings.days_hint)
                        error=errors.at(id_of(name))
                    />
                </Show>
            </div>
            <Show when=move || shorter.get()>
                <Notice tone=Tone::Warn title=t_signal!(i18n, settings.shorter)>
                    <p>{warning}</p>
                </Notice>
            </Show>
        </FormSection>
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
    fn every_field_has_its_place() {
        assert_eq!(
            field_of("/usage_retention_days").as_deref(),
            Some("usage-retention-days")
        );
        assert_eq!(field_of("/version"), None);
        let fields = of([Some(30), None]);
        assert_eq!(fields["audit_retention_days"], 30);
        assert_eq!(fields["usage_retention_days"], Value::Null);
    }

    #[test]
    fn every_number_of_days_has_its_choice() {
        let of = |days: Option<&str>| choice(days.map(str::to_owned));
        assert_eq!(of(None), (EVER.to_owned(), String::new()));
        assert_eq!(of(Some("90")), ("90".to_owned(), String::new()));
        assert_eq!(of(Some("100")), (OWN.to_owned(), "100".to_owned()));
    }
}
