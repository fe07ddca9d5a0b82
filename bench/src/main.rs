//! `cargo xtask bench`: what the gateway costs a request, next to nginx and to no proxy at all.
//!
//! One run starts a mock backend and every contender in front of it, puts load on each in turn, and prints a table. Mock, load
//! generator and contenders are processes of their own, so that each one's cost is its own. `docs/BENCHMARKS.md` says how to read
//! the figures.

mod arguments;
mod contender;
mod failure;
mod http;
mod load;
mod machine;
mod mock;
mod places;
mod report;
mod run;
mod service;

use std::io::Write as _;
use std::process::ExitCode;

use arguments::Command;
use failure::{Context, Result};

const HELP: &str = "\
cargo xtask bench [OPTIONS]

  --contenders LIST   of direct, nginx, haproxy, vllm-router, understudy (default: all)
  --workloads LIST    of answer, stream, failing, two, hundred (default: all)
  --connections LIST  at the same time (default: 1,16,64)
  --rounds N          of which the median counts (default: 3)
  --seconds S         of one measurement (default: 4)
  --warm-up S         before each, not counted (default: 1)
  --no-pin            leave it to the scheduler which processor runs what
  --chart FILE        where a picture of answers over 16 connections goes as SVG (default: none)
  --out FILE          where the figures go as JSON (default: bench/latest.json in Cargo's target folder)

The parts by themselves, on loopback addresses only:
  understudy-bench mock [--listen ADDR] [--threads N] [--events N] [--pace-ms N]
  understudy-bench load --address ADDR --connections N --model NAME [--key KEY] [--stream]
                        [--seconds S] [--warm-up S] [--watch PID]…";

fn main() -> ExitCode {
    match dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::say(format_args!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch() -> Result<()> {
    match arguments::read()? {
        Command::Help => print(HELP),
        Command::Mock(settings) => mock::run(settings),
        Command::Load(settings) => {
            let report = load::run(&settings)?;
            let line = serde_json::to_string(&report).context(|| "write the report".to_owned())?;
            print(&line)
        }
        Command::Run(all) => {
            let (plan, programs, out, chart) = *all;
            let report = run::run(&plan, &programs)?;
            report.save(&out)?;
            if let Some(chart) = &chart {
                report.draw(chart)?;
            }
            print(&report.table())?;
            report::say(format_args!("all figures: {}", out.display()));
            Ok(())
        }
    }
}

fn print(text: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{text}").context(|| "print".to_owned())
}
