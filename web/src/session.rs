//! Who is signed in, and the access token that proves it.
//!
//! Rules: the token lives in memory only and is gone with the page; the refresh token is a cookie that no script can read. All that is
//! stored is a mark that there may be such a cookie, so that a page that nobody ever signed in on asks for nothing.
//!
//! A session that ends in the middle of work does not sign anybody out here: the page stays as it is, with what was typed, and the person
//! is asked to sign in again in place ([`Ended`]). Requests that met the end wait for that.

use chrono::{DateTime, TimeDelta, Utc};
use futures_channel::oneshot::{Sender, channel};
use leptos::ev::{self, StorageEvent};
use leptos::prelude::*;
use understudy_shared::{Session as OpenSession, User};

use crate::api::ApiError;
use crate::browser;

/// Where the mark is kept.
const MARK: &str = "understudy.session";

/// Where the service sends those whom the identity provider has let in.
const RETURNED: &str = "/login?sso=done";

/// What is known about who sits here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// The service is being asked.
    Restoring,
    /// The service could not be asked.
    Unreachable(ApiError),
    /// Nobody is signed in.
    SignedOut,
    /// This person is.
    SignedIn(User),
}

/// How the session of a person ended who is still at work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ran out, or somebody ended it from elsewhere.
    RanOut,
    /// The person signed out in another tab.
    LeftElsewhere,
    /// This person signed in, in another tab: the browser now holds their session.
    TakenOver(User),
}

/// What proves who is signed in.
#[derive(Clone)]
struct AccessToken {
    value: String,
    renew_at: Option<DateTime<Utc>>,
}

/// The session of this page.
#[derive(Clone, Copy)]
pub struct Session {
    state: RwSignal<SessionState>,
    token: StoredValue<Option<AccessToken>>,
    ended: RwSignal<Option<Ended>>,
    asking: RwSignal<bool>,
    waiting: StoredValue<Vec<Sender<()>>>,
}

impl Session {
    /// A session of which nothing is known yet.
    pub fn new() -> Self {
        Self {
            state: RwSignal::new(SessionState::Restoring),
            token: StoredValue::new(None),
            ended: RwSignal::new(None),
            asking: RwSignal::new(false),
            waiting: StoredValue::new(Vec::new()),
        }
    }

    /// What is known; tracked.
    pub fn state(self) -> SessionState {
        self.state.get()
    }

    /// Who is signed in; tracked.
    pub fn user(self) -> Option<User> {
        match self.state.get() {
            SessionState::SignedIn(user) => Some(user),
            _ => None,
        }
    }

    /// Who is signed in; not tracked.
    pub fn user_untracked(self) -> Option<User> {
        untrack(move || self.user())
    }

    /// Takes up what was changed of the person who is signed in, if it is them.
    pub fn renew_user(self, user: &User) {
        let own = self.user_untracked().is_some_and(|me| me.id == user.id);
        if own {
            self.set(SessionState::SignedIn(user.clone()));
        }
    }

    /// The access token.
    pub fn token(self) -> Option<String> {
        self.token
            .with_value(|token| token.as_ref().map(|token| token.value.clone()))
    }

    /// Whether the access token is at its end, so that a call with it would be in vain.
    pub fn is_due(self) -> bool {
        let renew_at = self
            .token
            .with_value(|token| token.as_ref().and_then(|token| token.renew_at));
        renew_at.is_some_and(|at| at <= browser::now())
    }

    /// Whether the browser may hold a cookie to restore the session with.
    pub fn may_be_restored() -> bool {
        // Whoever comes from the identity provider has a cookie, and no page here knows of it yet.
        let returned = browser::here().starts_with(RETURNED);
        returned || !browser::has_storage() || browser::stored(MARK).is_some()
    }

    /// Takes over a fresh session; false if it is another person's while one is at work here. A page full of one person's work is never
    /// handed to another.
    pub fn open(self, session: OpenSession) -> bool {
        // The other tabs hear of every change of it.
        browser::store(MARK, &browser::now().timestamp_millis().to_string());
        let here = self.state.with_untracked(|state| match state {
            SessionState::SignedIn(user) => Some(user.id),
            _ => None,
        });
        if here.is_some_and(|id| id != session.user.id) {
            self.end(Ended::TakenOver(session.user));
            return false;
        }
        self.token.set_value(Some(AccessToken {
            value: session.access_token,
            renew_at: renew_at(session.expires_at, browser::now()),
        }));
        self.set(SessionState::SignedIn(session.user));
        self.ended.set(None);
        self.asking.set(false);
        for waiting in self.take_waiting() {
            let _ = waiting.send(());
        }
        true
    }

    /// Forgets the session.
    pub fn close(self) {
        browser::forget(MARK);
        // What one person typed is not for the next.
        browser::clear_aside(browser::DRAFTS);
        self.token.set_value(None);
        self.ended.set(None);
        self.asking.set(false);
        self.take_waiting();
        self.set(SessionState::SignedOut);
    }

    /// Notes that the session is over. Whoever is at work is asked to sign in again; the page stays.
    pub fn end(self, how: Ended) {
        if !matches!(self.state.get_untracked(), SessionState::SignedIn(_)) {
            return self.close();
        }
        self.token.set_value(None);
        self.ended.set(Some(how));
        self.asking.set(true);
    }

    /// How the session ended, if the person here has yet to sign in again; tracked.
    pub fn ended(self) -> Option<Ended> {
        self.ended.get()
    }

    /// As [`Self::ended`], without tracking.
    pub fn is_ended(self) -> bool {
        self.ended.with_untracked(Option::is_some)
    }

    /// Whether somebody is signed in whose requests can succeed; tracked.
    pub fn is_usable(self) -> bool {
        let signed_in = self
            .state
            .with(|state| matches!(state, SessionState::SignedIn(_)));
        signed_in && self.ended.with(Option::is_none)
    }

    /// As [`Self::is_usable`], without tracking.
    pub fn is_usable_untracked(self) -> bool {
        untrack(move || self.is_usable())
    }

    /// Whether the person is being asked to sign in again.
    pub fn asking(self) -> RwSignal<bool> {
        self.asking
    }

    /// Asks to sign in again, and waits for it. False if the person would rather not.
    pub async fn returned(self) -> bool {
        let (sender, returned) = channel();
        self.waiting.update_value(|waiting| waiting.push(sender));
        self.asking.set(true);
        returned.await.is_ok()
    }

    /// Lets the requests fail that wait for the person to sign in again. The page stays, and may ask later.
    pub fn give_up(self) {
        self.asking.set(false);
        self.take_waiting();
    }

    fn take_waiting(self) -> Vec<Sender<()>> {
        let waiting = self.waiting.try_update_value(std::mem::take);
        waiting.unwrap_or_default()
    }

    /// Notes that the session could not be restored now and may be later. A session that is open stays so.
    pub fn set_unreachable(self, error: ApiError) {
        if !matches!(self.state.get_untracked(), SessionState::SignedIn(_)) {
            self.set(SessionState::Unreachable(error));
        }
    }

    /// Notes that the service is being asked once more.
    pub fn set_restoring(self) {
        self.set(SessionState::Restoring);
    }

    /// Whoever shows the state is told of changes only: a refresh in the background must not rebuild the page.
    fn set(self, state: SessionState) {
        if self.state.get_untracked() != state {
            self.state.set(state);
        }
    }
}

/// Hears of other tabs, which share the cookie: `signed_out` when somebody signed out there, `signed_in` when somebody signed in.
pub fn watch_other_tabs(signed_out: impl Fn() + 'static, signed_in: impl Fn() + 'static) {
    // The browser tells of changes that other tabs made, never of one's own.
    let _ = window_event_listener(ev::storage, move |event: StorageEvent| {
        if event.key().as_deref() != Some(MARK) {
            return;
        }
        if event.new_value().is_some() {
            signed_in();
        } else {
            signed_out();
        }
    });
}

/// When to renew a token that the service has just issued: a little before its end.
///
/// Not at all by the clock if the browser's is so wrong that the token seems to be over from the start; a 401 tells as well.
fn renew_at(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let at = expires_at - TimeDelta::seconds(20);
    (at > now).then_some(at)
}

/// The session of this application.
pub fn use_session() -> Session {
    expect_context::<Session>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_renewed_shortly_before_its_end() {
        let now = DateTime::UNIX_EPOCH;
        let end = now + TimeDelta::minutes(15);
        assert_eq!(renew_at(end, now), Some(end - TimeDelta::seconds(20)));
    }

    #[test]
    fn a_browser_whose_clock_is_ahead_does_not_renew_for_every_call() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        assert_eq!(renew_at(now - TimeDelta::minutes(45), now), None);
    }
}
