//! What a run found: every measurement, and their summary.
//!
//! The summary is plain data, so that a table, a file and whatever is drawn of it show the same figures.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::Path;

use serde::Serialize;

use crate::contender::Kind;
use crate::failure::{Context, Failure, Result};
use crate::load::{self, Watched};
use crate::machine;
use crate::run::{Plan, Workload};

mod chart;
mod summary;
mod table;

pub use summary::Summary;

/// One measurement.
#[derive(Clone, Debug)]
pub struct Measured {
    /// In which round.
    pub round: usize,
    /// What was asked for.
    pub workload: Workload,
    /// Over how many connections.
    pub connections: usize,
    /// Who was asked.
    pub contender: Kind,
    /// What the load generator says.
    pub load: load::Report,
    /// What the contender's process used.
    pub process: Option<Watched>,
    /// What the mock used.
    pub mock: Option<Watched>,
}

impl Measured {
    /// One line of progress.
    pub fn announce(&self) {
        let Self {
            round,
            connections,
            contender,
            load,
            ..
        } = self;
        let others = load.others.map_or(String::new(), |others| {
            format!(", others {:.0} %", others * 100.0)
        });
        let what = self.workload.name();
        let round = round + 1;
        let rate = match &load.stream {
            Some(stream) => format!("{:>7.0} events/s", stream.per_second),
            None => format!("{:>7.0} requests/s", load.per_second),
        };
        say(format_args!(
            "round {round}  {what:<6} {connections:>4} × {contender:<10} {rate}{others}"
        ));
    }
}

/// A whole run.
#[derive(Debug)]
pub struct Report {
    conditions: Conditions,
    idle: BTreeMap<Kind, Option<u64>>,
    all: Vec<Measured>,
}

/// What the figures depend on besides the contenders.
#[derive(Debug, Serialize)]
struct Conditions {
    processor: Option<String>,
    processors: usize,
    pinned: bool,
    rounds: usize,
    seconds: f64,
    warm_up_seconds: f64,
}

/// The file.
#[derive(Serialize)]
struct File<'a> {
    conditions: &'a Conditions,
    summary: Vec<Summary>,
    rounds: Vec<Round<'a>>,
}

/// One measurement in the file.
#[derive(Serialize)]
struct Round<'a> {
    round: usize,
    workload: &'static str,
    contender: &'static str,
    process: Option<Watched>,
    mock: Option<Watched>,
    load: &'a load::Report,
}

impl Report {
    /// A report without measurements.
    pub fn new(plan: &Plan, pinned: bool) -> Self {
        let conditions = Conditions {
            processor: machine::processor(),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            pinned,
            rounds: plan.rounds,
            seconds: plan.measure.as_secs_f64(),
            warm_up_seconds: plan.warm_up.as_secs_f64(),
        };
        Self {
            conditions,
            idle: BTreeMap::new(),
            all: Vec::new(),
        }
    }

    /// Notes the resident memory of a contender that nobody has asked anything yet.
    pub fn idle(&mut self, contender: Kind, resident_kib: Option<u64>) {
        self.idle.insert(contender, resident_kib);
    }

    /// Adds a measurement.
    pub fn add(&mut self, measured: Measured) {
        self.all.push(measured);
    }

    /// Writes everything down as JSON.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = File {
            conditions: &self.conditions,
            summary: summary::of(&self.all, &self.idle),
            rounds: self.all.iter().map(Round::of).collect(),
        };
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(path, serde_json::to_string_pretty(&file)? + "\n")
        };
        write().context(|| format!("write {}", path.display()))
    }

    /// Draws the answers over 16 connections.
    pub fn draw(&self, path: &Path) -> Result<()> {
        let picture = chart::of(&summary::of(&self.all, &self.idle));
        let picture = picture.ok_or_else(|| {
            Failure::new("a chart needs the workload answer over 16 connections, of nginx too")
        })?;
        std::fs::write(path, picture).context(|| format!("write {}", path.display()))
    }

    /// The summary for people.
    pub fn table(&self) -> String {
        table::of(&self.conditions, &summary::of(&self.all, &self.idle))
    }
}

impl<'a> Round<'a> {
    fn of(measured: &'a Measured) -> Self {
        Self {
            round: measured.round + 1,
            workload: measured.workload.name(),
            contender: measured.contender.name(),
            process: measured.process,
            mock: measured.mock,
            load: &measured.load,
        }
    }
}

/// One line of progress; the table alone goes to standard output.
pub fn say(line: fmt::Arguments<'_>) {
    // Whoever closed our standard error does not want to know.
    let _ = writeln!(std::io::stderr(), "{line}");
}
