//! One run: everything is started, measured in turns, and ended.
//!
//! The contenders take turns within every round and change their order from round to round, so that whatever the machine does
//! meanwhile (a warmer processor, a busy neighbour) happens to all of them. A measurement during which other programs were busy is
//! repeated, and marked if that did not help.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

use crate::contender::{Contender, Kind, Programs};
use crate::failure::{Context, Failure, Result};
use crate::places::{Place, Places};
use crate::report::{Measured, Report, say};
use crate::service::Service;
use crate::{load, machine, mock};

/// Share of the processors that other programs may take during a measurement that counts.
pub const DISTURBED: f64 = 0.08;
/// How often a disturbed measurement is repeated.
const ATTEMPTS: u32 = 4;
/// Pause before that.
const QUIET: Duration = Duration::from_secs(5);
/// Time for everything to come to rest before the idle memory is read.
const SETTLE: Duration = Duration::from_secs(3);

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Workload {
    /// Completions in one piece.
    Answer,
    /// Completions as events, one every 5 ms.
    Stream,
    /// Completions of a group whose first instance always answers 503.
    Failing,
    /// Completions of a group of 2 instances.
    Two,
    /// Completions of a group of 100 instances.
    Hundred,
}

impl Workload {
    /// Every workload.
    pub const ALL: [Self; 5] = [
        Self::Answer,
        Self::Stream,
        Self::Failing,
        Self::Two,
        Self::Hundred,
    ];

    /// The name in options and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Stream => "stream",
            Self::Failing => "failing",
            Self::Two => "two",
            Self::Hundred => "hundred",
        }
    }

    /// Whether it is about a contender: groups of instances only the product has.
    fn is_for(self, contender: Kind) -> bool {
        matches!(self, Self::Answer | Self::Stream) || contender == Kind::Understudy
    }

    /// The model that is asked.
    fn model(self, contender: &Contender) -> String {
        match self {
            Self::Answer | Self::Stream => contender.model.to_owned(),
            Self::Failing | Self::Two | Self::Hundred => {
                format!("{}-{}", contender.model, self.name())
            }
        }
    }
}

/// What is measured and for how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who takes part.
    pub contenders: Vec<Kind>,
    /// What is asked for.
    pub workloads: Vec<Workload>,
    /// Connections at the same time.
    pub connections: Vec<usize>,
    /// Rounds, of which the median counts.
    pub rounds: usize,
    /// Length of one measurement.
    pub measure: Duration,
    /// Time before it that does not count.
    pub warm_up: Duration,
    /// Whether what is measured has a processor for itself.
    pub pinned: bool,
}

/// Measures according to plan.
pub fn run(plan: &Plan, programs: &Programs) -> Result<Report> {
    // One thread: the processors of a child are those of the thread that starts it (see `places`).
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context(|| "start the runtime".to_owned())?;
    runtime.block_on(async {
        let mut terminated =
            signal(SignalKind::terminate()).context(|| "listen for a request to end".to_owned())?;
        let stopped = Failure::new("stopped on request");
        tokio::select! {
            report = measure(plan, programs) => report,
            _ = tokio::signal::ctrl_c() => Err(stopped),
            _ = terminated.recv() => Err(stopped),
        }
    })
}

async fn measure(plan: &Plan, programs: &Programs) -> Result<Report> {
    let places = Places::new(plan.pinned);
    let mut mock = start_mock(programs, &places)?;
    let address = mock.address(mock::LISTENING).await?;
    let mut contenders = Vec::new();
    for kind in &plan.contenders {
        let contender = Contender::start(*kind, programs, &places, address).await?;
        match contender.process {
            Some(process) => say(format_args!(
                "{kind} on {} (process {process})",
                contender.address
            )),
            None => say(format_args!("{kind} on {}", contender.address)),
        }
        contenders.push(contender);
    }
    tokio::time::sleep(SETTLE).await;
    let mut report = Report::new(plan, places.are_pinned());
    for contender in &contenders {
        let idle = contender.process.map(machine::usage);
        report.idle(contender.kind, idle.and_then(|usage| usage.resident_kib));
    }
    for round in 0..plan.rounds {
        for workload in &plan.workloads {
            for connections in &plan.connections {
                for turn in 0..contenders.len() {
                    let contender = &contenders[(turn + round) % contenders.len()];
                    if !workload.is_for(contender.kind) {
                        continue;
                    }
                    let job = Job {
                        round,
                        workload: *workload,
                        connections: *connections,
                        contender,
                        mock: mock.process(),
                    };
                    report.add(job.measure_in_quiet(plan, programs, &places).await?);
                }
            }
        }
    }
    Ok(report)
}

fn start_mock(programs: &Programs, places: &Places) -> Result<Service> {
    let mut command = Command::new(&programs.bench);
    command.arg("mock");
    Service::start(
        "the mock",
        &mut command,
        Signal::TERM,
        places,
        Place::Beside,
    )
}

/// One measurement.
struct Job<'a> {
    round: usize,
    workload: Workload,
    connections: usize,
    contender: &'a Contender,
    mock: u32,
}

impl Job<'_> {
    /// Measures, and again while other programs disturb it; the least disturbed attempt counts.
    async fn measure_in_quiet(
        &self,
        plan: &Plan,
        programs: &Programs,
        places: &Places,
    ) -> Result<Measured> {
        let mut best = self.measure(plan, programs, places).await?;
        for _ in 1..ATTEMPTS {
            if best.load.others.is_none_or(|others| others <= DISTURBED) {
                break;
            }
            tokio::time::sleep(QUIET).await;
            let again = self.measure(plan, programs, places).await?;
            if again.load.others < best.load.others {
                best = again;
            }
        }
        Ok(best)
    }

    async fn measure(&self, plan: &Plan, programs: &Programs, places: &Places) -> Result<Measured> {
        let contender = self.contender;
        let mut command = Command::new(&programs.bench);
        command
            .arg("load")
            .args(["--address", &contender.address.to_string()])
            .args(["--connections", &self.connections.to_string()])
            .args(["--seconds", &plan.measure.as_secs_f64().to_string()])
            .args(["--warm-up", &plan.warm_up.as_secs_f64().to_string()])
            .args(["--key", &contender.key])
            .args(["--model", &self.workload.model(contender)])
            .args(["--watch", &self.mock.to_string()])
            .stdin(Stdio::null());
        if let Some(process) = contender.process {
            command.args(["--watch", &process.to_string()]);
        }
        if self.workload == Workload::Stream {
            command.arg("--stream");
        }
        let load = output(&mut command, places, contender.place_of_load()).await?;
        let watched = |process| {
            load.watched
                .iter()
                .find(|one| one.process == process)
                .copied()
        };
        let measured = Measured {
            round: self.round,
            workload: self.workload,
            connections: self.connections,
            contender: contender.kind,
            process: contender.process.and_then(watched),
            mock: watched(self.mock),
            load,
        };
        measured.announce();
        Ok(measured)
    }
}

/// Runs the load generator, which ends by itself.
async fn output(command: &mut Command, places: &Places, place: Place) -> Result<load::Report> {
    let what = || "hear the load generator out".to_owned();
    let mut child = Load(places.spawn(place, command.stdout(Stdio::piped()))?);
    let pipe = child.0.stdout.take();
    let pipe = pipe.ok_or_else(|| Failure::new("the load generator has no output"))?;
    let mut pipe = tokio::process::ChildStdout::from_std(pipe).context(what)?;
    let mut text = String::new();
    // It closes its output when it ends, and it ends soon: all its loops are bounded.
    pipe.read_to_string(&mut text).await.context(what)?;
    let status = child.0.wait().context(what)?;
    if !status.success() {
        return Err(Failure::new(format!(
            "the load generator failed ({status})"
        )));
    }
    serde_json::from_str(&text).context(|| "read what the load generator says".to_owned())
}

/// The load generator's process: not needed by anyone once the run is given up.
struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
