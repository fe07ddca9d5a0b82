//! Who is signed in, and the access token that proves it.
//!
//! Rules: the token lives in memory only and is gone with the page; the refresh token is a cookie that no script can read. All that is
//! stored is a mark that there may be such a cookie, so that a page that nobody ever signed in on asks for nothing.

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

/// The session of this page.
#[derive(Clone, Copy)]
pub struct Session {
    state: RwSignal<SessionState>,
    token: StoredValue<Option<String>>,
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
        self.token.get_value()
    }

    /// Whether the browser may hold a cookie to restore the session with.
    pub fn may_be_restored() -> bool {
        !browser::has_storage() || browser::stored(MARK).is_some()
    }

    /// Takes over a fresh session.
    pub fn open(self, session: OpenSession) {
        browser::store(MARK, "1");
        self.token.set_value(Some(session.access_token));
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

/// The session of this application.
pub fn use_session() -> Session {
    expect_context::<Session>()
}
