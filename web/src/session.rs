//! Who is signed in, and the access token that proves it.
//!
//! Rules: the token lives in memory only and is gone with the page; the refresh token is a cookie that no script can read. All that is
//! stored is a mark that there may be such a cookie, so that a page that nobody ever signed in on asks for nothing.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use understudy_shared::{Session as OpenSession, User};

use crate::api::ApiError;
use crate::browser;

/// Where the mark is kept.
const MARK: &str = "understudy.session";

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
}

impl Session {
    /// A session of which nothing is known yet.
    pub fn new() -> Self {
        Self {
            state: RwSignal::new(SessionState::Restoring),
            token: StoredValue::new(None),
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
        !browser::has_storage() || browser::stored(MARK).is_some()
    }

    /// Takes over a fresh session.
    pub fn open(self, session: OpenSession) {
        browser::store(MARK, "1");
        self.token.set_value(Some(AccessToken {
            value: session.access_token,
            renew_at: renew_at(session.expires_at, browser::now()),
        }));
        self.set(SessionState::SignedIn(session.user));
    }

    /// Forgets the session.
    pub fn close(self) {
        browser::forget(MARK);
        self.token.set_value(None);
        self.set(SessionState::SignedOut);
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
