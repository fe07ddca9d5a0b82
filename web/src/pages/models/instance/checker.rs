//! The connection check of the form as it stands: running it, cancelling it, and knowing when its answer is about another form.

use chrono::{DateTime, Utc};
use futures_util::future::{AbortHandle, Abortable};
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::{Map, Value};
use understudy_shared::{CheckModelInstance, CheckResult, ModelInstanceId};

use super::draft::Draft;
use crate::api::{Api, ApiError};
use crate::browser;
use crate::components::form::FormErrors;

/// Fields that a check has nothing to do with.
const APART: [&str; 7] = [
    "name",
    "description",
    "labels",
    "enabled",
    "parameters",
    "limits",
    "health_check",
];

/// How far the check is.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// Nobody asked for it.
    Idle,
    /// It runs since then.
    Running(DateTime<Utc>),
    /// This is what it found.
    Done(CheckResult),
    /// It could not be made.
    Failed(ApiError),
    /// Fields are at fault, and say so themselves.
    Refused,
}

/// The check of a form. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Checker {
    api: Api,
    draft: Memo<Draft>,
    errors: FormErrors,
    from: Signal<Option<ModelInstanceId>>,
    progress: RwSignal<Progress>,
    /// What was checked.
    subject: RwSignal<Option<Value>>,
    models: RwSignal<Option<(Vec<String>, DateTime<Utc>)>>,
    running: StoredValue<Option<AbortHandle>>,
}

impl Checker {
    /// A check of `draft`, with the stored secrets of the instance `from`.
    pub fn new(
        api: Api,
        draft: Memo<Draft>,
        errors: FormErrors,
        from: Signal<Option<ModelInstanceId>>,
    ) -> Self {
        let checker = Self {
            api,
            draft,
            errors,
            from,
            progress: RwSignal::new(Progress::Idle),
            subject: RwSignal::new(None),
            models: RwSignal::new(None),
            running: StoredValue::new(None),
        };
        on_cleanup(move || {
            if let Some(Some(running)) = checker.running.try_get_value() {
                running.abort();
            }
        });
        checker
    }

    /// How far it is; tracked.
    pub fn progress(self) -> Progress {
        self.progress.get()
    }

    /// Whether it runs; tracked.
    pub fn is_running(self) -> bool {
        matches!(&*self.progress.read(), Progress::Running(_))
    }

    /// Models that the backend listed, and when; tracked.
    pub fn models(self) -> Option<(Vec<String>, DateTime<Utc>)> {
        self.models.get()
    }

    /// Takes up models that were listed to somebody else.
    pub fn learn(self, models: Vec<String>) {
        if !models.is_empty() {
            self.models.set(Some((models, browser::now())));
        }
    }

    /// Whether the form is no longer what was checked; tracked.
    pub fn is_stale(self) -> bool {
        let subject = self.subject.get();
        subject.is_some_and(|subject| self.draft.with(subject_of) != Some(subject))
    }

    /// Starts it, unless it runs or a field that it needs is at fault.
    pub fn run(self) {
        if untrack(|| self.is_running()) {
            return;
        }
        if !self.errors.pass_but(&["name"]) {
            self.progress.set(Progress::Refused);
            return;
        }
        let draft = self.draft.get_untracked();
        let mut create = draft.read().0;
        if create.name.is_empty() {
            // The service wants one; it means nothing to a check.
            "draft".clone_into(&mut create.name);
        }
        let request = CheckModelInstance {
            draft: create,
            from_instance_id: self.from.get_untracked(),
        };
        self.subject.set(subject_of(&draft));
        self.progress.set(Progress::Running(browser::now()));
        let (handle, registration) = AbortHandle::new_pair();
        self.running.set_value(Some(handle));
        let work = async move {
            let answer = self.api.check_draft(&request).await;
            let progress = match answer {
                Ok(result) => {
                    if !result.models.is_empty() {
                        self.models
                            .set(Some((result.models.clone(), browser::now())));
                    }
                    Progress::Done(result)
                }
                Err(error)
                    if error
                        .problem()
                        .is_some_and(|problem| !problem.errors.is_empty()) =>
                {
                    self.errors
                        .refuse(error, |pointer| super::field_of(&draft, pointer));
                    Progress::Refused
                }
                Err(error) => Progress::Failed(error),
            };
            self.progress.set(progress);
        };
        spawn_local(async move {
            // Cancelled, it has set its progress already.
            let _ = Abortable::new(work, registration).await;
        });
    }

    /// Ends it without an answer; the service ends it too, as nobody listens any more.
    pub fn cancel(self) {
        if let Some(Some(running)) = self.running.try_get_value() {
            running.abort();
        }
        self.subject.set(None);
        self.progress.set(Progress::Idle);
    }
}

/// What a check of `draft` is about; none while it cannot be sent.
fn subject_of(draft: &Draft) -> Option<Value> {
    let mut draft = draft.clone();
    if draft.name.trim().is_empty() {
        "draft".clone_into(&mut draft.name);
    }
    let Value::Object(fields) = draft.json()? else {
        return None;
    };
    let part: Map<String, Value> = fields
        .into_iter()
        .filter(|(name, _)| !APART.contains(&name.as_str()))
        .collect();
    Some(Value::Object(part))
}

#[cfg(test)]
mod tests {
    use super::super::tests::instance;
    use super::*;

    #[test]
    fn what_a_check_is_about_changes_with_the_connection_only() {
        let draft = Draft::of(&instance());
        let subject = subject_of(&draft);
        assert!(subject.is_some());
        let mut renamed = draft.clone();
        renamed.name.clear();
        renamed.connect = "1".to_owned();
        assert_ne!(subject_of(&renamed), subject, "it waits for another time");
        renamed.connect.clone_from(&draft.connect);
        assert_eq!(subject_of(&renamed), subject);
        let mut other = draft;
        other.tokens[0].value = Some("new".to_owned());
        assert_ne!(subject_of(&other), subject);
    }
}
