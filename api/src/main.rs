//! The commands of the service, nothing else.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;
use understudy_api::config::{Config, LogFormat};
use understudy_api::{openapi, server};

/// Many small allocations per request, and 19 MiB for each password that is hashed: the C library's allocator is slower at the
/// former and keeps the latter for good. `docs/BENCHMARKS.md` has the difference.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is logged unless `RUST_LOG` says otherwise. The HTTP server's own start and stop are told by ours.
const DEFAULT_LOG: &str = "info,actix_server=warn";

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
    /// Prints the OpenAPI document
    Openapi,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The process installs the cryptography of TLS once; a second installation is not a fault.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli.command {
        Command::Openapi => print_document(),
        Command::Serve => run(server::serve),
        Command::Migrate => run(server::migrate),
    }
}

fn run<F: Future<Output = Result<(), server::ServeError>>>(
    command: impl FnOnce(Config) -> F,
) -> ExitCode {
    let config = Config::from_env();
    start_log(config.as_ref().map(|config| config.log_format));
    let config = match config {
        Ok(config) => config,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(78);
        }
    };
    Config::warn_of_unread_variables();
    match actix_web::rt::System::new().block_on(command(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// The log goes to standard error; `RUST_LOG` says how much of it. What is wrong with the environment is told to people.
fn start_log<E>(format: Result<LogFormat, E>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match format {
        Ok(LogFormat::Json) => log.json().flatten_event(true).init(),
        _ => log
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .init(),
    }
}

fn print_document() -> ExitCode {
    let document = openapi::document().to_pretty_json().unwrap_or_default();
    match writeln!(std::io::stdout(), "{document}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
