//! `understudy export` and `understudy apply`: the same as through the API, with the database at hand.
//!
//! They work beside a service that runs, which hears of the change as of any other, and without one.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use understudy_shared::{CONFIG_FILE_MAX_BYTES, FieldError, ProblemCode};

use super::apply::{Options, apply as make};
use super::plan::{Context, Stored};
use super::read::{ConfigFile, References};
use super::{export as write, show};
use crate::auth::Author;
use crate::config::Config;
use crate::db::{self, Pool};
use crate::error::ApiError;
use crate::gateway::egress::EgressPolicy;
use crate::secrets::SecretCipher;
use crate::server::{self, ServeError};

/// Exit code of a plan with changes, if it was asked for: not 2, with which a command line ends that cannot be read.
const CHANGES: u8 = 3;

/// What `apply` is asked to do.
#[derive(Clone, Debug, clap::Args)]
pub struct Apply {
    /// The file; - reads standard input
    pub file: PathBuf,
    /// Only print what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Delete what is not in the file, of the kinds that it has a section for
    #[arg(long)]
    pub prune: bool,
    /// With --dry-run: end with 3 if something would change
    #[arg(long, requires = "dry_run")]
    pub detailed_exitcode: bool,
}

/// Why a command fails.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// There is no database, or no keys.
    #[error(transparent)]
    Start(#[from] ServeError),
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Input(String, #[source] io::Error),
    /// The file is at fault; each fault with its line.
    #[error("{file}: nothing was changed\n{}", lines(.file, .faults))]
    File {
        /// What it is called.
        file: String,
        /// The faults.
        faults: Vec<FieldError>,
    },
    /// The change is refused, or failed.
    #[error("nothing was changed: {0}")]
    Refused(ApiError),
    /// The result cannot be written.
    #[error("the result cannot be written: {0}")]
    Output(#[source] io::Error),
}

fn lines(file: &str, faults: &[FieldError]) -> String {
    let line = |fault: &FieldError| {
        let place = match fault.place() {
            place if place.is_empty() => place,
            place => format!("{place}: "),
        };
        // A name of the file may be made to take over a terminal.
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        let detail: String = fault.detail.chars().map(printable).collect();
        format!("{file}: {place}{detail}")
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl CommandError {
    /// Exit code, as sysexits has them: 65 = the file is at fault, 66 = it is not there, 75 = try again later, 78 = configuration.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Start(error) => error.exit_code(),
            Self::Input(..) => 66,
            Self::File { .. } => 65,
            Self::Refused(error) => match error.code() {
                ProblemCode::InUse => 65,
                ProblemCode::Unavailable => 75,
                _ => 1,
            },
            Self::Output(_) => 1,
        }
    }
}

impl From<ApiError> for CommandError {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Prints the configuration.
///
/// # Errors
/// If the database or standard output fails.
pub async fn export(config: Config) -> Result<(), CommandError> {
    let text = with_database(&config, async |pool, _| {
        let mut conn = pool.get().await.map_err(ApiError::from)?;
        let stored = Stored::read(&mut conn).await.map_err(ApiError::from)?;
        Ok(write(&stored)?)
    });
    print(&text.await?)
}

/// Applies a file and prints what was done, or would be.
///
/// # Errors
/// If the file is at fault, or the database fails. Then nothing is changed.
pub async fn apply(config: Config, arguments: Apply) -> Result<ExitCode, CommandError> {
    let (name, folder, bytes) = input(&arguments.file)?;
    let at_fault = |faults| CommandError::File {
        file: name.clone(),
        faults,
    };
    let file = ConfigFile::read(&bytes, &References::Local { folder }).map_err(at_fault)?;
    let options = Options {
        dry_run: arguments.dry_run,
        prune: arguments.prune,
        fingerprint: None,
    };
    let plan = with_database(&config, async |pool, url| {
        let mut own = vec![config.listen];
        own.extend(config.metrics_listen);
        own.extend(db::sockets(url).await);
        let (deny, allow) = (config.egress_deny.clone(), config.egress_allow.clone());
        let egress = EgressPolicy::new(deny, allow, own);
        let cipher = SecretCipher::new(server::load_secret_keys(&config)?);
        server::verify_secrets(pool, &cipher, config.allow_unreadable_secrets).await?;
        let context = Context {
            cipher: &cipher,
            egress: &egress,
        };
        let author = Author::command("apply");
        match make(pool, &file, context, &options, &author).await {
            Ok(plan) => Ok(plan),
            Err(error) if error.errors().is_empty() => Err(error.into()),
            Err(error) => Err(at_fault(error.errors().to_vec())),
        }
    });
    let plan = plan.await?;
    print(&show::text(&plan))?;
    let differs = arguments.detailed_exitcode && !plan.is_empty();
    Ok(ExitCode::from(if differs { CHANGES } else { 0 }))
}

/// Runs something with the database, which is started and stopped if it is the embedded one and no service runs.
async fn with_database<T>(
    config: &Config,
    run: impl AsyncFnOnce(&Pool, &str) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let (url, embedded) = server::open_database(config).await?;
    let outcome = match db::pool(&url, &db::Pulse::default()) {
        Ok(pool) => run(&pool, &url).await,
        Err(error) => Err(ServeError::from(error).into()),
    };
    if let Some(embedded) = embedded {
        embedded.stop().await;
    }
    outcome
}

/// What a file is called, the folder that its paths begin in, and its bytes: one more than it may have at most.
fn input(path: &Path) -> Result<(String, PathBuf, Vec<u8>), CommandError> {
    let limit = CONFIG_FILE_MAX_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        let name = "standard input".to_owned();
        let read = io::stdin().lock().take(limit).read_to_end(&mut bytes);
        return match read {
            Ok(_) => Ok((name, PathBuf::new(), bytes)),
            Err(error) => Err(CommandError::Input(name, error)),
        };
    }
    let name = path.display().to_string();
    let read = std::fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes));
    match read {
        Ok(_) => {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            Ok((name, folder, bytes))
        }
        Err(error) => Err(CommandError::Input(name, error)),
    }
}

fn print(text: &str) -> Result<(), CommandError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(CommandError::Output)
}
