//! Saving what a form changes of one resource, which somebody else may have changed meanwhile.
//!
//! Rules: only what differs is sent. A version that is no longer the newest (412) leads to the conflict dialog, and what is decided there is
//! saved on the version that it was decided on. What is never read back, such as a password, is sent along and is in no conflict.

use std::future::Future;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::conflict::{Conflict, Resolution};
use crate::api::ApiError;
use crate::merge::{self, Fields};

/// What came of saving.
#[derive(Clone)]
pub enum Done<T> {
    /// It is saved; the fields are those that were sent.
    Saved(T, Fields),
    /// There was nothing to save.
    Unchanged,
    /// What is decided stands on a newer version now: the form takes up these fields.
    Rebased(Fields),
    /// What somebody else saved was kept.
    Kept,
    /// The service refused it.
    Refused(ApiError),
    /// There is no such resource any more.
    Gone,
}

/// What is known of the resource.
#[derive(Clone, Copy)]
pub struct About<T> {
    /// The fields that can be changed.
    pub fields: fn(&T) -> Fields,
    /// Its version.
    pub version: fn(&T) -> i64,
    /// The fields in the order of the form.
    pub order: &'static [&'static str],
}

type Answer<T> = LocalBoxFuture<'static, Result<T, ApiError>>;
type Read<T> = Rc<dyn Fn(T) -> Answer<T>>;
type Write<T> = Rc<dyn Fn(T, i64, Fields) -> Answer<T>>;

/// A resource that is being edited.
pub struct Editing<T: Clone + Send + Sync + 'static> {
    /// What is saved; none for what is not yet.
    pub saved: RwSignal<Option<T>>,
    /// Whether it is being saved.
    pub busy: RwSignal<bool>,
    /// Two changes that met.
    pub conflict: RwSignal<Option<Conflict>>,
    about: StoredValue<About<T>>,
    read: StoredValue<Read<T>, LocalStorage>,
    write: StoredValue<Write<T>, LocalStorage>,
    /// What is sent along with what is decided in a conflict.
    secret: StoredValue<Fields>,
    done: Callback<Done<T>>,
}

impl<T: Clone + Send + Sync + 'static> Clone for Editing<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Clone + Send + Sync + 'static> Copy for Editing<T> {}

impl<T: Clone + Send + Sync + 'static> Editing<T> {
    /// Edits what is `saved`. `read` reads it again, `write` changes a version of it, and `done` hears what came of that.
    pub fn new<R, W>(
        saved: RwSignal<Option<T>>,
        about: About<T>,
        read: impl Fn(T) -> R + 'static,
        write: impl Fn(T, i64, Fields) -> W + 'static,
        done: impl Fn(Done<T>) + Send + Sync + 'static,
    ) -> Self
    where
        R: Future<Output = Result<T, ApiError>> + 'static,
        W: Future<Output = Result<T, ApiError>> + 'static,
    {
        let read: Read<T> = Rc::new(move |old| read(old).boxed_local());
        let write: Write<T> =
            Rc::new(move |old, version, patch| write(old, version, patch).boxed_local());
        Self {
            saved,
            busy: RwSignal::new(false),
            conflict: RwSignal::new(None),
            about: StoredValue::new(about),
            read: StoredValue::new_local(read),
            write: StoredValue::new_local(write),
            secret: StoredValue::new(Fields::new()),
            done: Callback::new(done),
        }
    }

    /// Saves what differs in `mine`, and whatever is in `secret`.
    pub fn save(self, mine: Fields, secret: Fields) {
        let Some(old) = self.saved.get_untracked() else {
            return;
        };
        if self.busy.get_untracked() {
            return;
        }
        let about = self.about.get_value();
        let patch = merge::changes(&(about.fields)(&old), &mine);
        if patch.is_empty() && secret.is_empty() {
            return self.done.run(Done::Unchanged);
        }
        self.secret.set_value(secret);
        self.busy.set(true);
        spawn_local(async move {
            let version = (about.version)(&old);
            self.send(old, version, patch, mine).await;
            self.busy.try_set(false);
        });
    }

    /// Saves what was decided in the conflict dialog; `mine` is what stands in the form.
    pub fn resolve(self, resolution: Resolution, mine: Fields) {
        let Some(old) = self.saved.get_untracked() else {
            return;
        };
        self.busy.set(true);
        spawn_local(async move {
            match self.read.get_value()(old).await {
                Ok(now) => self.rebase(now, resolution, mine).await,
                Err(error) => self.tell(Self::failed(error)),
            }
            self.busy.try_set(false);
        });
    }

    async fn rebase(self, now: T, resolution: Resolution, mine: Fields) {
        let about = self.about.get_value();
        let Resolution { version, patch } = resolution;
        if (about.version)(&now) != version {
            // Changed once more while the person decided.
            return self.meet(mine).await;
        }
        let mut fields = (about.fields)(&now);
        fields.extend(patch.clone());
        if self.saved.try_set(Some(now.clone())).is_some() {
            return;
        }
        self.tell(Done::Rebased(fields.clone()));
        if patch.is_empty() && self.secret.with_value(Fields::is_empty) {
            self.tell(Done::Kept);
        } else {
            self.send(now, version, patch, fields).await;
        }
    }

    async fn send(self, old: T, version: i64, mut patch: Fields, mine: Fields) {
        patch.extend(self.secret.get_value());
        match self.write.get_value()(old, version, patch).await {
            Ok(saved) => {
                self.saved.try_set(Some(saved.clone()));
                self.secret.try_update_value(Fields::clear);
                self.tell(Done::Saved(saved, mine));
            }
            Err(error) if error.is_stale() => self.meet(mine).await,
            Err(error) => self.tell(Self::failed(error)),
        }
    }

    async fn meet(self, mine: Fields) {
        let Some(Some(old)) = self.saved.try_get_untracked() else {
            return;
        };
        let about = self.about.get_value();
        match self.read.get_value()(old.clone()).await {
            Ok(now) => {
                let (base, theirs) = ((about.fields)(&old), (about.fields)(&now));
                self.conflict.try_set(Some(Conflict {
                    version: (about.version)(&now),
                    differences: merge::differences(about.order, &base, &mine, &theirs),
                }));
            }
            Err(error) => self.tell(Self::failed(error)),
        }
    }

    fn failed(error: ApiError) -> Done<T> {
        if error.is_gone() {
            Done::Gone
        } else {
            Done::Refused(error)
        }
    }

    fn tell(self, done: Done<T>) {
        self.done.try_run(done);
    }
}
