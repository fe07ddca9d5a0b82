//! `understudy reset-password USER`: another password for somebody who cannot get in, given on standard input by whoever has the machine.
//!
//! The way back in when nobody can sign in any more, so it asks for no credential but access to the database, and works beside a running
//! service as well as without one. It ends all sessions of the user. Nothing else about the user changes, unless `--enable` says so.

use std::io::{BufRead as _, IsTerminal as _, Read as _, Write as _};

use diesel_async::AsyncConnection as _;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use understudy_shared::{SecretInput, SignInMethod};

use crate::auth::{Author, password};
use crate::config::Config;
use crate::db::time::now;
use crate::db::users::ChangedUserRow;
use crate::db::{self, Change, Pulse};
use crate::domain::user::password_faults;
use crate::error::ApiError;
use crate::server::{ServeError, open_database};

/// The name under which the audit log has it.
const COMMAND: &str = "reset-password";
/// Bytes of standard input that are read: more than any password has, so that the rules refuse a longer one.
const LONGEST_LINE: u64 = 4096;

/// Why the password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// Standard input cannot be read.
    #[error("the password cannot be read from standard input: {0}")]
    Input(#[from] std::io::Error),
    /// Two different ones were typed.
    #[error("the two passwords differ; nothing was changed")]
    Typed,
    /// It breaks the rules.
    #[error("the password {0}; nothing was changed")]
    Password(String),
    /// There is no such user.
    #[error(
        "there is no user {0:?} in this database; are DATABASE_URL or UNDERSTUDY_DATA_DIR those of the service?"
    )]
    UnknownUser(String),
    /// The user has no password.
    #[error(
        "{0:?} signs in with the identity provider and has no password; reset that of a local administrator"
    )]
    OfProvider(String),
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] ServeError),
}

impl ResetError {
    /// Exit code, as sysexits has them: 65 = what was given cannot be used, 67 = no such user.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) => 74,
            Self::Typed | Self::Password(_) | Self::OfProvider(_) => 65,
            Self::UnknownUser(_) => 67,
            Self::Database(error) => error.exit_code(),
        }
    }
}

impl From<ApiError> for ResetError {
    fn from(error: ApiError) -> Self {
        Self::Database(ServeError::Start(error))
    }
}

impl From<diesel::result::Error> for ResetError {
    fn from(error: diesel::result::Error) -> Self {
        ApiError::from(error).into()
    }
}

/// Reads a password and gives it to a user.
///
/// # Errors
/// If there is no such user, the password breaks the rules, or the database cannot be used.
pub async fn run(config: Config, username: &str, enable: bool) -> Result<(), ResetError> {
    let new = read()?;
    let mut faults = Vec::new();
    password_faults(&mut faults, "", username, new.expose());
    if let Some(fault) = faults.first() {
        return Err(ResetError::Password(fault.detail.clone()));
    }
    let (url, embedded) = open_database(&config).await?;
    let done = reset(&url, username, enable, &new).await;
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    done
}

async fn reset(
    url: &str,
    username: &str,
    enable: bool,
    new: &SecretInput,
) -> Result<(), ResetError> {
    let hash = password::hash(new).await?;
    let pool = db::pool(url, &Pulse::default()).map_err(ServeError::from)?;
    let mut conn = pool.get().await.map_err(ApiError::from)?;
    let author = Author::command(COMMAND);
    let unknown = || ResetError::UnknownUser(username.to_owned());
    let changed = conn
        .transaction::<_, ResetError, _>(async |conn| {
            let Some(found) = db::users::by_username(conn, username).await? else {
                return Ok(None);
            };
            // Read again with the lock that all changes of users take.
            let (Some(user), _) = db::users::lock_with_admins(conn, found.id).await? else {
                return Ok(None);
            };
            if user.sign_in() == SignInMethod::Oidc {
                return Err(ResetError::OfProvider(user.username));
            }
            let at = now();
            let row = ChangedUserRow {
                username: &user.username,
                username_key: &user.username.to_lowercase(),
                display_name: &user.display_name,
                role: user.role().as_str(),
                enabled: user.enabled || enable,
                password_hash: Some(&hash),
                version: user.version + 1,
                updated_at: at,
            };
            let mut change = Change::within(conn, &author)?;
            let changed = db::users::update(&mut change, &user, &row).await?;
            db::sessions::end_all(&mut change, user.id, at).await?;
            Ok(Some(changed))
        })
        .await?
        .ok_or_else(unknown)?;
    tracing::info!(
        username = changed.username,
        role = changed.role().as_str(),
        "the user has another password; all sessions of the user have ended"
    );
    if !changed.enabled {
        tracing::warn!("the user is disabled and still may not sign in; --enable changes that");
    }
    Ok(())
}

/// The first line of standard input. Whoever types it sees nothing of it, and so types it twice.
fn read() -> Result<SecretInput, ResetError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Ok(line()?);
    }
    let shown = tcgetattr(&stdin).map_err(std::io::Error::from)?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Flush, &hidden).map_err(std::io::Error::from)?;
    let typed = ask("New password: ").and_then(|first| Ok((first, ask("Once more: ")?)));
    // Whatever came of it, the terminal is given back as it was.
    tcsetattr(&stdin, OptionalActions::Flush, &shown).map_err(std::io::Error::from)?;
    let (first, second) = typed?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(ResetError::Typed)
    }
}

fn ask(question: &str) -> std::io::Result<SecretInput> {
    let mut terminal = std::io::stderr();
    write!(terminal, "{question}")?;
    terminal.flush()?;
    let typed = line();
    writeln!(terminal)?;
    typed
}

fn line() -> std::io::Result<SecretInput> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_LINE)
        .read_line(&mut line)?;
    let line = line.strip_suffix('\n').unwrap_or(&line);
    Ok(SecretInput::new(line.strip_suffix('\r').unwrap_or(line)))
}
