//! `cargo xtask …`: every command of this repository that is more than one call of Cargo.
//!
//! Each command sets up what it is missing, says what it does and why, and leaves nothing running. It needs Rust and a C compiler;
//! the rest it finds or installs (see `setup`).

mod bench;
mod check;
mod deny;
mod failure;
mod generated;
mod postgres;
mod process;
mod run;
mod service;
mod setup;
mod step;
mod test;
mod web;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use pico_args::Arguments;

use crate::failure::{Failure, Result};
use crate::generated::Mode;
use crate::step::say;
use crate::workspace::{Profile, Workspace};

const HELP: &str = "\
cargo xtask COMMAND

  run [--debug] [--listen ADDR] [--data-dir DIR]
                      build everything and run the service with its own database (Ctrl-C stops it)
  test [CARGO-ARGS] [-- TEST-ARGS]
                      set up and run all tests; `-- NAME` runs those whose name contains NAME
  chaos               the chaos test at its full length: a minute, 200 callers
  replicas            replicas behind HAProxy, rolled and killed under load for minutes
  schemathesis        requests made up from the description of the API, many more than among the tests
  check               format, lints, dependencies, documentation, generated files: everything but tests
  deny                the dependencies alone, a part of check
  ci                  check, then test
  web [--debug]       build the web application to target/site
  openapi [--check]   write (or only compare) openapi.json
  schema [--check]    write (or only compare) api/src/db/schema.rs
  bench [ARGS]        measure the product next to nginx

  UNDERSTUDY_TOOLS_DIR   where tools are kept (default: understudy/tools in the user's cache folder)";

fn main() -> ExitCode {
    match dispatch() {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::from(failure.code())
        }
    }
}

fn dispatch() -> Result<u8> {
    let (mut arguments, after) = split(std::env::args_os().skip(1).collect());
    let Ok(Some(command)) = arguments.subcommand() else {
        say(HELP);
        return Ok(0);
    };
    process::catch_signals()?;
    let workspace = Workspace::find()?;
    match command.as_str() {
        "run" => {
            let options = run::Options {
                profile: profile(&mut arguments),
                listen: arguments.opt_value_from_str("--listen").map_err(misuse)?,
                data_dir: arguments
                    .opt_value_from_os_str("--data-dir", |text| Ok::<_, Failure>(text.to_owned()))
                    .map_err(misuse)?,
            };
            finish(arguments)?;
            return run::run(&workspace, options);
        }
        "test" => test::run(&workspace, &arguments.finish(), &after)?,
        "chaos" => {
            finish(arguments)?;
            test::chaos(&workspace)?;
        }
        "replicas" => {
            finish(arguments)?;
            test::replicas(&workspace)?;
        }
        "schemathesis" => {
            finish(arguments)?;
            test::schemathesis(&workspace)?;
        }
        "bench" => {
            let mut all = arguments.finish();
            all.extend(after);
            bench::run(&workspace, &all)?;
        }
        "web" => {
            let profile = profile(&mut arguments);
            finish(arguments)?;
            web::build(&workspace, profile)?;
        }
        "check" => {
            finish(arguments)?;
            check::run(&workspace)?;
        }
        "deny" => {
            finish(arguments)?;
            deny::check(&workspace)?;
        }
        "ci" => {
            finish(arguments)?;
            check::run(&workspace)?;
            test::run(&workspace, &[], &[])?;
        }
        "openapi" => {
            let mode = mode(&mut arguments);
            finish(arguments)?;
            generated::openapi(&workspace, mode)?;
        }
        "schema" => {
            let mode = mode(&mut arguments);
            finish(arguments)?;
            generated::schema(&workspace, mode)?;
        }
        "help" => say(HELP),
        other => {
            return Err(Failure::with_code(
                format!("there is no command {other:?}\n\n{HELP}"),
                2,
            ));
        }
    }
    Ok(0)
}

/// Our arguments, and what follows `--`.
fn split(mut all: Vec<OsString>) -> (Arguments, Vec<OsString>) {
    let after = match all.iter().position(|argument| argument == "--") {
        Some(position) => {
            let after = all.split_off(position + 1);
            all.pop();
            after
        }
        None => Vec::new(),
    };
    (Arguments::from_vec(all), after)
}

fn profile(arguments: &mut Arguments) -> Profile {
    // The default may be said, too.
    let release = arguments.contains("--release");
    if arguments.contains("--debug") && !release {
        Profile::Debug
    } else {
        Profile::Release
    }
}

fn mode(arguments: &mut Arguments) -> Mode {
    if arguments.contains("--check") {
        Mode::Check
    } else {
        Mode::Write
    }
}

fn finish(arguments: Arguments) -> Result<()> {
    let rest = arguments.finish();
    match rest.first() {
        None => Ok(()),
        Some(argument) => Err(Failure::with_code(
            format!("{argument:?} is not understood\n\n{HELP}"),
            2,
        )),
    }
}

fn misuse(error: pico_args::Error) -> Failure {
    Failure::with_code(format!("{error}\n\n{HELP}"), 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_after_two_dashes_are_kept_apart() {
        let all = ["test", "-p", "x", "--", "--nocapture", "--", "name"];
        let (ours, after) = split(all.iter().map(OsString::from).collect());
        assert_eq!(ours.finish(), ["test", "-p", "x"]);
        assert_eq!(after, ["--nocapture", "--", "name"]);
    }

    #[test]
    fn an_unknown_argument_is_misuse() {
        let failure = finish(Arguments::from_vec(vec!["--fast".into()])).unwrap_err();
        assert_eq!(failure.code(), 2);
    }
}
