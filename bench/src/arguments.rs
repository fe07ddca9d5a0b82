//! What the command line and the environment say; every fault is a sentence, nothing is silently ignored.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pico_args::Arguments;

use crate::contender::{Kind, Programs};
use crate::failure::{Context, Failure, Result};
use crate::run::{Plan, Workload};
use crate::{load, mock};

/// Rounds of one run, at most.
const MAX_ROUNDS: usize = 20;

/// What is to be done.
#[derive(Debug)]
pub enum Command {
    /// Measure.
    Run(Box<(Plan, Programs, PathBuf, Option<PathBuf>)>),
    /// Be the mock.
    Mock(mock::Settings),
    /// Be the load generator.
    Load(load::Settings),
    /// Say what there is.
    Help,
}

/// Reads the command line.
pub fn read() -> Result<Command> {
    let mut arguments = Arguments::from_env();
    if arguments.contains(["-h", "--help"]) {
        return Ok(Command::Help);
    }
    let command = match arguments.subcommand()?.as_deref() {
        None => Command::Run(Box::new(run(&mut arguments)?)),
        Some("mock") => Command::Mock(mock_settings(&mut arguments)?),
        Some("load") => Command::Load(load_settings(&mut arguments)?),
        Some(other) => return Err(Failure::new(format!("there is no command `{other}`"))),
    };
    match arguments.finish().first() {
        None => Ok(command),
        Some(rest) => {
            let rest = rest.to_string_lossy();
            Err(Failure::new(format!("what does `{rest}` mean? See --help")))
        }
    }
}

fn run(arguments: &mut Arguments) -> Result<(Plan, Programs, PathBuf, Option<PathBuf>)> {
    let own = std::env::current_exe().context(|| "find its own program".to_owned())?;
    let plan = Plan {
        contenders: list(arguments, "--contenders", &Kind::ALL, kind)?,
        workloads: list(arguments, "--workloads", &Workload::ALL, workload)?,
        connections: list(arguments, "--connections", &[1, 16, 64], connections)?,
        rounds: arguments.opt_value_from_str("--rounds")?.unwrap_or(3),
        measure: seconds(arguments, "--seconds", 4.0)?,
        warm_up: seconds(arguments, "--warm-up", 1.0)?,
        pinned: !arguments.contains("--no-pin"),
    };
    if !(1..=MAX_ROUNDS).contains(&plan.rounds) {
        return Err(Failure::new(format!("--rounds is from 1 to {MAX_ROUNDS}")));
    }
    let beside = |name: &str| own.with_file_name(name);
    let programs = Programs {
        understudy: variable("UNDERSTUDY_BENCH_BIN")
            .map_or_else(|| beside("understudy"), Into::into),
        nginx: variable("UNDERSTUDY_BENCH_NGINX")
            .map(PathBuf::from)
            .or_else(|| installed("nginx")),
        haproxy: variable("UNDERSTUDY_BENCH_HAPROXY")
            .map(PathBuf::from)
            .or_else(|| installed("haproxy")),
        vllm_router: variable("UNDERSTUDY_BENCH_VLLM_ROUTER")
            .map(PathBuf::from)
            .or_else(|| installed("vllm-router")),
        postgres: variable("UNDERSTUDY_POSTGRES_BIN").map(PathBuf::from),
        bench: own.clone(),
    };
    if plan.contenders.contains(&Kind::Understudy) && !programs.understudy.is_file() {
        let path = programs.understudy.display();
        return Err(Failure::new(format!(
            "{path} is missing: run `cargo xtask bench`, which compiles it"
        )));
    }
    let out = match arguments.opt_value_from_os_str("--out", path)? {
        Some(out) => out,
        // Cargo puts programs two folders below its target folder's root.
        None => own
            .ancestors()
            .nth(2)
            .unwrap_or(&own)
            .join("bench/latest.json"),
    };
    let chart = arguments.opt_value_from_os_str("--chart", path)?;
    Ok((plan, programs, out, chart))
}

fn mock_settings(arguments: &mut Arguments) -> Result<mock::Settings> {
    let listen = arguments.opt_value_from_str("--listen")?;
    let pace: u64 = arguments.opt_value_from_str("--pace-ms")?.unwrap_or(5);
    Ok(mock::Settings {
        listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        threads: arguments.opt_value_from_str("--threads")?.unwrap_or(1),
        events: arguments.opt_value_from_str("--events")?.unwrap_or(64),
        pace: Duration::from_millis(pace),
    })
}

fn load_settings(arguments: &mut Arguments) -> Result<load::Settings> {
    let address: SocketAddr = arguments.value_from_str("--address")?;
    if !address.ip().is_loopback() {
        return Err(Failure::new(
            "load is only put on this machine: --address is a loopback address",
        ));
    }
    let settings = load::Settings {
        address,
        connections: arguments.value_from_fn("--connections", connections)?,
        measure: seconds(arguments, "--seconds", 4.0)?,
        warm_up: seconds(arguments, "--warm-up", 1.0)?,
        key: arguments.opt_value_from_str("--key")?.unwrap_or_default(),
        model: arguments.value_from_str("--model")?,
        stream: arguments.contains("--stream"),
        watch: arguments.values_from_str("--watch")?,
    };
    Ok(settings)
}

/// Values separated by commas.
fn list<T: Clone>(
    arguments: &mut Arguments,
    name: &'static str,
    default: &[T],
    one: impl Fn(&str) -> std::result::Result<T, String>,
) -> Result<Vec<T>> {
    match arguments.opt_value_from_str::<_, String>(name)? {
        None => Ok(default.to_vec()),
        Some(text) => text
            .split(',')
            .map(|text| one(text).map_err(|why| Failure::new(format!("{name}: {why}"))))
            .collect(),
    }
}

fn kind(text: &str) -> std::result::Result<Kind, String> {
    let found = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    found.ok_or_else(|| format!("there is no contender `{text}`"))
}

fn workload(text: &str) -> std::result::Result<Workload, String> {
    let found = Workload::ALL
        .into_iter()
        .find(|workload| workload.name() == text);
    found.ok_or_else(|| format!("there is no workload `{text}`"))
}

fn connections(text: &str) -> std::result::Result<usize, String> {
    let most = load::MAX_CONNECTIONS;
    let count = text.parse().ok().filter(|count| (1..=most).contains(count));
    count.ok_or_else(|| format!("connections are from 1 to {most}"))
}

fn seconds(arguments: &mut Arguments, name: &'static str, default: f64) -> Result<Duration> {
    let value = arguments.opt_value_from_str(name)?.unwrap_or(default);
    if !(0.1..=load::MAX_SECONDS).contains(&value) {
        let most = load::MAX_SECONDS;
        return Err(Failure::new(format!("{name} is from 0.1 to {most}")));
    }
    Ok(Duration::from_secs_f64(value))
}

fn path(text: &std::ffi::OsStr) -> std::result::Result<PathBuf, std::convert::Infallible> {
    Ok(text.into())
}

/// A program where systems put it; Debian's place for proxies is in nobody's `PATH` but root's.
fn installed(name: &str) -> Option<PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(name))
        .find(|program| Path::is_file(program))
}

/// An environment variable; an empty one counts as unset.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the benchmark that reads the environment"
)]
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
