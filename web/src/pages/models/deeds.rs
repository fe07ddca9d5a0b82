//! What one does with the rows of a list, one or many at once: pause, enable, delete.
//!
//! Rules: the row shows what was asked for at once and takes it back if the service refuses. Nobody is left guessing: what failed is reported by
//! name with the reason and stays selected. What can be undone offers it, what cannot asks first.

mod report;
mod selection;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::{ModelGroupId, ModelInstanceId, ProblemCode};
use uuid::Uuid;

pub use report::{Failure, Report, ReportNotice};
pub use selection::{Selection, Target};

use super::list::Table;
use crate::api::{Api, ApiError, use_api};
use crate::browser;
use crate::components::confirm::{Confirm, Question, use_confirm};
use crate::components::table::Pointer;
use crate::components::toast::{Toast, Toasts, use_toasts};
use crate::i18n::words::{self, Words};
use crate::i18n::{t_string, use_i18n};

/// Requests at the same time.
const AT_ONCE: usize = 4;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Let it work again.
    Enable,
    /// Pause it.
    Pause,
    /// Delete it.
    Delete,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Items that were tried.
    pub done: usize,
    /// All items.
    pub total: usize,
}

/// What a row shows before the service has confirmed it.
#[derive(Clone, Copy)]
struct Wish {
    enabled: bool,
    granted_at: Option<DateTime<Utc>>,
}

/// The deeds of one table.
#[derive(Clone, Copy)]
pub struct Deeds {
    table: Table,
    api: Api,
    i18n: Words,
    toasts: Toasts,
    confirm: Confirm,
    /// What is selected.
    pub selection: Selection,
    /// Where the pointer is.
    pub pointer: Pointer,
    wishes: RwSignal<HashMap<Uuid, Wish>>,
    progress: RwSignal<Option<Progress>>,
    stopped: StoredValue<bool>,
    report: RwSignal<Option<Report>>,
    reload: Callback<()>,
}

/// The deeds of a table; `reload` loads it again.
pub fn use_deeds(table: Table, pointer: Pointer, reload: Callback<()>) -> Deeds {
    Deeds {
        table,
        api: use_api(),
        i18n: use_i18n(),
        toasts: use_toasts(),
        confirm: use_confirm(),
        selection: Selection::new(),
        pointer,
        wishes: RwSignal::new(HashMap::new()),
        progress: RwSignal::new(None),
        stopped: StoredValue::new(false),
        report: RwSignal::new(None),
        reload,
    }
}

impl Deeds {
    /// Whether a row is enabled, as far as one may already believe it. `enabled` was asked for at `asked_at`; tracked.
    pub fn is_enabled(self, id: Uuid, enabled: bool, asked_at: Option<DateTime<Utc>>) -> bool {
        let wish = self.wishes.with(|wishes| wishes.get(&id).copied());
        match wish {
            Some(wish) if !is_outdated(wish.granted_at, asked_at) => wish.enabled,
            _ => enabled,
        }
    }

    /// How far a running deed is; tracked.
    pub fn progress(self) -> Option<Progress> {
        self.progress.get()
    }

    /// What the last deed left undone; tracked.
    pub fn report(self) -> Option<Report> {
        self.report.get()
    }

    /// Takes the report off the page.
    pub fn forget_report(self) {
        self.report.set(None);
    }

    /// Starts nothing more of a running deed.
    pub fn stop(self) {
        self.stopped.set_value(true);
    }

    /// Enables or pauses, with a way back.
    pub fn set_enabled(self, targets: Vec<Target>, enabled: bool) {
        let deed = if enabled { Deed::Enable } else { Deed::Pause };
        let targets: Vec<Target> = targets
            .into_iter()
            .filter(|target| target.enabled != enabled)
            .collect();
        if targets.is_empty() {
            let words = untrack(|| match deed {
                Deed::Enable => t_string!(self.i18n, models.deeds.all_enabled),
                _ => t_string!(self.i18n, models.deeds.all_paused),
            });
            return self.toasts.success(words);
        }
        spawn_local(async move {
            let Some(done) = self.run(deed, targets).await else {
                return;
            };
            if done.is_empty() {
                return;
            }
            let what = self.what(&done);
            let words = untrack(|| match deed {
                Deed::Enable => t_string!(self.i18n, models.deeds.enabled, what),
                _ => t_string!(self.i18n, models.deeds.paused, what),
            });
            let undo = move |()| {
                let back = done
                    .iter()
                    .cloned()
                    .map(|target| Target { enabled, ..target });
                let back: Vec<Target> = back.collect();
                spawn_local(async move {
                    let deed = if enabled { Deed::Pause } else { Deed::Enable };
                    self.run(deed, back).await;
                });
            };
            let label = untrack(|| t_string!(self.i18n, models.deeds.undo));
            self.toasts
                .show(Toast::success(words).action(label, Callback::new(undo)));
        });
    }

    /// Deletes, after `warning` has been read.
    pub fn delete(self, targets: Vec<Target>, warning: ViewFn) {
        spawn_local(async move {
            let what = self.what(&targets);
            let (title, confirm) = untrack(|| {
                let title = match self.table {
                    Table::Groups => t_string!(self.i18n, models.deeds.delete_groups, what),
                    Table::Instances => t_string!(self.i18n, models.deeds.delete_instances, what),
                };
                (title, t_string!(self.i18n, models.deeds.delete))
            });
            let question = Question::new(title, confirm).body(warning).danger();
            if !self.confirm.ask(question).await {
                return;
            }
            if let Some(done) = self.run(Deed::Delete, targets).await
                && !done.is_empty()
            {
                let what = self.what(&done);
                let words = untrack(|| t_string!(self.i18n, models.deeds.deleted, what));
                self.toasts.success(words);
            }
        });
    }

    /// Says what was done to which items: the name of one, the number of many.
    fn what(self, targets: &[Target]) -> String {
        match targets {
            [one] => {
                let name = one.title.clone();
                untrack(|| t_string!(self.i18n, models.deeds.named, name))
            }
            many => many.len().to_string(),
        }
    }

    /// Does it, several at once, and gives what succeeded; nothing while something else is running.
    async fn run(self, deed: Deed, targets: Vec<Target>) -> Option<Vec<Target>> {
        if self.progress.get_untracked().is_some() {
            return None;
        }
        let total = targets.len();
        self.stopped.set_value(false);
        self.report.set(None);
        self.progress.set(Some(Progress { done: 0, total }));
        if deed != Deed::Delete {
            self.wish(&targets, deed == Deed::Enable);
        }
        let work = targets.into_iter().map(|target| async move {
            if self.stopped.try_get_value() != Some(false) {
                return (target, None);
            }
            let result = self.one(deed, &target).await;
            self.progress.try_update(|progress| {
                if let Some(progress) = progress {
                    progress.done += 1;
                }
            });
            (target, Some(result))
        });
        let results: Vec<_> = stream::iter(work).buffer_unordered(AT_ONCE).collect().await;
        // The page may have been left meanwhile.
        self.progress
            .try_set(None)
            .is_none()
            .then(|| self.finish(deed, results))
    }

    fn finish(
        self,
        deed: Deed,
        results: Vec<(Target, Option<Result<(), ApiError>>)>,
    ) -> Vec<Target> {
        let (mut done, mut failures, mut left) = (Vec::new(), Vec::new(), 0);
        let now = browser::now();
        for (target, result) in results {
            match result {
                Some(Ok(())) => {
                    self.wishes.update(|wishes| {
                        if let Some(wish) = wishes.get_mut(&target.id) {
                            wish.granted_at = Some(now);
                        }
                    });
                    done.push(target);
                }
                Some(Err(error)) => {
                    self.forget_wish(target.id);
                    failures.push(Failure { target, error });
                }
                None => {
                    self.forget_wish(target.id);
                    left += 1;
                }
            }
        }
        // They came as they were answered.
        failures.sort_by_key(|failure| failure.target.title.to_lowercase());
        // What failed stays selected, to be tried again.
        self.selection.drop_all(&done);
        if !failures.is_empty() || left > 0 {
            self.report.set(Some(Report {
                deed,
                done: done.len(),
                failures,
                left,
            }));
        }
        self.pointer.acted();
        self.reload.run(());
        done
    }

    async fn one(self, deed: Deed, target: &Target) -> Result<(), ApiError> {
        let (api, group, instance) = (
            self.api,
            ModelGroupId(target.id),
            ModelInstanceId(target.id),
        );
        let enabled = deed == Deed::Enable;
        let result = match (self.table, deed) {
            (Table::Groups, Deed::Delete) => api.delete_model_group(group, target.version).await,
            (Table::Groups, _) => api.enable_model_group(group, enabled).await.map(drop),
            (Table::Instances, Deed::Delete) => {
                api.delete_model_instance(instance, target.version).await
            }
            (Table::Instances, _) => api.enable_model_instance(instance, enabled).await.map(drop),
        };
        match result {
            // Somebody else was faster.
            Err(error) if deed == Deed::Delete && is_gone(&error) => Ok(()),
            result => result,
        }
    }

    fn wish(self, targets: &[Target], enabled: bool) {
        self.wishes.update(|wishes| {
            for target in targets {
                let wish = Wish {
                    enabled,
                    granted_at: None,
                };
                wishes.insert(target.id, wish);
            }
        });
    }

    fn forget_wish(self, id: Uuid) {
        self.wishes.update(|wishes| {
            wishes.remove(&id);
        });
    }
}

/// A wish that was granted before the list was asked for is in the list by now.
fn is_outdated(granted_at: Option<DateTime<Utc>>, asked_at: Option<DateTime<Utc>>) -> bool {
    matches!((granted_at, asked_at), (Some(granted), Some(asked)) if asked >= granted)
}

fn is_gone(error: &ApiError) -> bool {
    error
        .problem()
        .is_some_and(|problem| problem.code == ProblemCode::NotFound)
}

/// Why it failed, for the person who tried.
pub fn failure_words(i18n: Words, error: &ApiError) -> String {
    match error.problem().map(|problem| problem.code) {
        Some(ProblemCode::InUse) => t_string!(i18n, models.deeds.in_use).to_owned(),
        Some(ProblemCode::PreconditionFailed) => {
            t_string!(i18n, models.deeds.changed_meanwhile).to_owned()
        }
        Some(ProblemCode::NotFound) => t_string!(i18n, models.deeds.gone).to_owned(),
        _ => words::error(i18n, error),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_wish_counts_until_a_list_was_asked_for_after_it_was_granted() {
        let now = DateTime::UNIX_EPOCH;
        let later = now + TimeDelta::seconds(1);
        assert!(!is_outdated(None, Some(now)));
        assert!(!is_outdated(Some(later), Some(now)));
        assert!(is_outdated(Some(now), Some(later)));
        assert!(!is_outdated(Some(now), None));
    }
}
