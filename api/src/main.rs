//! The commands of the service, nothing else.

use std::fmt::Display;
use std::io::Write as _;
use std::process::{ExitCode, Termination};

use clap::{Parser, Subcommand};
use understudy_api::config::Config;
use understudy_api::config_file::command::{self, CommandError};
use understudy_api::reset_password::{self, ResetError};
use understudy_api::server::{self, ServeError};
use understudy_api::{config_file, log, openapi, rekey};

/// Many small allocations per request, and 19 MiB for each password that is hashed: the C library's allocator is slower at the
/// former and keeps the latter for good. `docs/BENCHMARKS.md` has the difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Manages language models, and answers with the first one that is available.
#[derive(Parser)]
#[command(name = "understudy", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the migrations and then the service; with no DATABASE_URL, on an embedded PostgreSQL
    Serve,
    /// Runs the migrations and ends
    Migrate,
    /// Gives a user the password on standard input and ends their sessions: for whoever cannot get in any more
    ResetPassword {
        /// Name of the user; case does not matter
        user: String,
        /// Also lets a disabled user sign in again
        #[arg(long)]
        enable: bool,
    },
    /// Encrypts all stored secrets with the newest key, beside running services; can be run again at any time
    Rekey,
    /// Prints instances and groups as a file (YAML) that apply reads, without secrets
    Export,
    /// Makes instances and groups what a file says, and prints what changes
    Apply(command::Apply),
    /// Prints the schema of such files (JSON Schema)
    ConfigSchema,
    /// Prints the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The process installs the cryptography of TLS once; a second installation is not a fault.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Openapi => print(&openapi::document().to_pretty_json().unwrap_or_default()),
        Command::ConfigSchema => print(&format!("{:#}", config_file::schema())),
        Command::Serve => run(server::serve, ServeError::exit_code),
        Command::Migrate => run(server::migrate, ServeError::exit_code),
        Command::Export => run(command::export, CommandError::exit_code),
        Command::Apply(arguments) => run(
            async move |config| command::apply(config, arguments).await,
            CommandError::exit_code,
        ),
        Command::ResetPassword { user, enable } => run(
            async move |config| reset_password::run(config, &user, enable).await,
            ResetError::exit_code,
        ),
        Command::Rekey => run(rekey::run, ServeError::exit_code),
    }
}

fn run<T: Termination, E: Display>(
    command: impl AsyncFnOnce(Config) -> Result<T, E>,
    exit_code: impl FnOnce(&E) -> u8,
) -> ExitCode {
    let config = Config::from_env();
    log::start(config.as_ref().map(|config| config.log_format));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(78);
        }
    };
    Config::warn_of_unread_variables();
    match actix_web::rt::System::new().block_on(command(config)) {
        Ok(done) => done.report(),
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(exit_code(&error))
        }
    }
}

fn print(document: &str) -> ExitCode {
    match writeln!(std::io::stdout(), "{document}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
