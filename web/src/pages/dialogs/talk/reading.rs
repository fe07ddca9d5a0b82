//! Reading what the service keeps of a dialog.

use std::collections::HashSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;
use leptos::task::spawn_local;
use understudy_shared::MessageId;

use super::history::{is_passing, join, was_kept};
use super::{MOST, PAGE, Stage, Talk, sent_key};
use crate::api::ApiError;
use crate::browser;

impl Talk {
    /// Loads it, as for the first time.
    pub fn load(self) {
        self.error.set(None);
        spawn_local(async move {
            if let Err(error) = self.read_dialog().await {
                self.error.try_set(Some(error));
                return;
            }
            if let Err(error) = self.read_messages().await {
                self.error.try_set(Some(error));
                return;
            }
            if self.is_answering() == Some(true) && self.is_idle() {
                self.stage.set(Some(Stage::Elsewhere));
                if let Err(error) = self.settle().await {
                    self.error.try_set(Some(error));
                }
                self.stage.try_set(None);
                self.on_change.try_run(());
            }
            self.take_back_what_was_sent();
        });
    }

    /// Reads the dialog again, since whom it is with may have changed; and its messages, if somebody has asked elsewhere.
    pub fn renew(self) {
        spawn_local(async move {
            // What is shown stays; the next one may succeed.
            if self.read_dialog().await.is_err() || !self.is_idle() {
                return;
            }
            let moved = self.changed_at() != self.seen_at.try_get_value().flatten();
            if moved && self.loaded.try_get_untracked() == Some(true) {
                if self.is_answering() == Some(true) {
                    self.stage.try_set(Some(Stage::Elsewhere));
                    let _ = self.settle().await;
                    self.stage.try_set(None);
                } else {
                    let _ = self.read_messages().await;
                }
            }
        });
    }

    /// Whether an answer is being given, here or elsewhere; none when the page is gone.
    pub(super) fn is_answering(self) -> Option<bool> {
        self.dialog
            .try_with_untracked(|dialog| dialog.as_ref().is_some_and(|dialog| dialog.answering))
    }

    pub(super) fn changed_at(self) -> Option<DateTime<Utc>> {
        self.dialog
            .try_with_untracked(|dialog| dialog.as_ref().map(|dialog| dialog.updated_at))
            .flatten()
    }

    /// A question that was on its way when the page was left, and that was not kept, stands in the field again.
    pub(super) fn take_back_what_was_sent(self) {
        let key = sent_key(self.id);
        let Some(sent) = browser::put_aside(&key) else {
            return;
        };
        let now = self.messages.try_get_untracked().unwrap_or_default();
        if !was_kept(&sent, &[], &now) {
            self.returned.try_set(Some(sent));
        }
        browser::put_aside_as(&key, "");
    }

    pub(super) async fn read_dialog(self) -> Result<(), ApiError> {
        let begun = browser::now();
        let dialog = self.api.get_dialog(self.id).await?;
        if self.asked_at.try_get_untracked().flatten() > Some(begun) {
            // It was changed here meanwhile.
            return Ok(());
        }
        self.asked_at.try_set(Some(begun));
        if self
            .dialog
            .try_with_untracked(|old| old.as_ref() != Some(&dialog))
            == Some(true)
        {
            self.dialog.try_set(Some(dialog));
        }
        Ok(())
    }

    /// Reads the newest messages, as many as there are on the page, and two more.
    pub(super) async fn read_messages(self) -> Result<(), ApiError> {
        let turn = self.turn.try_get_value();
        let changed_at = self.changed_at();
        let known = self.messages.try_with_untracked(Vec::len).unwrap_or(0);
        let limit = (known + 2).clamp(PAGE, MOST);
        let page = self.api.dialog_messages(self.id, limit, 0).await?;
        if self.turn.try_get_value() != turn {
            // Something was asked meanwhile, whose end reads them again.
            return Ok(());
        }
        let mut newest = page.items;
        newest.reverse();
        let total = usize::try_from(page.total).unwrap_or(usize::MAX);
        let joined = self
            .messages
            .try_with_untracked(|old| join(old, newest))
            .unwrap_or_default();
        self.has_earlier.try_set(joined.len() < total);
        if self.messages.try_with_untracked(|old| *old != joined) == Some(true) {
            self.messages.try_set(joined);
        }
        self.seen_at.try_set_value(changed_at);
        self.loaded.try_set(true);
        Ok(())
    }

    /// Reads the messages before the first that is shown.
    pub fn read_earlier(self) {
        let more = self.has_earlier.get_untracked() && self.is_idle();
        if !more || self.reading_earlier.get_untracked() {
            return;
        }
        self.reading_earlier.set(true);
        spawn_local(async move {
            let known = self.messages.try_with_untracked(Vec::len).unwrap_or(0);
            let page = self.api.dialog_messages(self.id, PAGE, known).await;
            if let Ok(page) = page
                && self.is_idle()
            {
                let total = usize::try_from(page.total).unwrap_or(usize::MAX);
                let mut earlier = page.items;
                earlier.reverse();
                let count = self.messages.try_update(|messages| {
                    let there: HashSet<MessageId> =
                        messages.iter().map(|message| message.id).collect();
                    earlier.retain(|message| !there.contains(&message.id));
                    let none = earlier.is_empty();
                    messages.splice(0..0, earlier);
                    if none { usize::MAX } else { messages.len() }
                });
                self.has_earlier
                    .try_set(count.is_some_and(|count| count < total));
            }
            self.reading_earlier.try_set(false);
        });
    }

    /// Waits until no answer is being given, and reads what is kept.
    pub(super) async fn settle(self) -> Result<(), ApiError> {
        let mut pause = Duration::from_millis(150);
        loop {
            let read = match self.read_dialog().await {
                Ok(()) => match self.is_answering() {
                    Some(true) => None,
                    Some(false) => Some(self.read_messages().await),
                    // The page is gone.
                    None => return Ok(()),
                },
                Err(error) => Some(Err(error)),
            };
            match read {
                // The service keeps what there was; it is read when the network, or the service, is back.
                Some(Err(error))
                    if is_passing(&error) && self.stage.try_get_untracked().is_some() => {}
                Some(read) => return read,
                None => {}
            }
            browser::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }
}
