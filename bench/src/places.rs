//! Which processors run what.
//!
//! Left to the scheduler, a proxy shares its processor now with the load generator, now with the mock, and the same program
//! measures 20 % apart. So what is measured has the first processor for itself, and load generator and mock have the others.

use std::process::{Child, Command};

use crate::failure::{Context, Result};

/// Where a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The processor of what is measured.
    Measured,
    /// The processors of the mock and the load generator.
    Beside,
}

/// The processors of this machine, shared out.
#[derive(Clone, Debug)]
pub struct Places {
    processors: Option<Vec<usize>>,
}

impl Places {
    /// Shares out the processors that this process may use; with fewer than two, or `pinned` false, the scheduler decides.
    pub fn new(pinned: bool) -> Self {
        let processors = system::allowed().filter(|allowed| pinned && allowed.len() > 1);
        Self { processors }
    }

    /// Whether processes have processors of their own.
    pub fn are_pinned(&self) -> bool {
        self.processors.is_some()
    }

    /// Starts `command` in its place. A child inherits the processors of the thread that starts it, so these are changed for
    /// the moment of the start.
    pub fn spawn(&self, place: Place, command: &mut Command) -> Result<Child> {
        let name = command.get_program().to_string_lossy().into_owned();
        let Some(all) = &self.processors else {
            return command.spawn().context(|| format!("start {name}"));
        };
        let (first, others) = all.split_at(1);
        let mine = match place {
            Place::Measured => first,
            Place::Beside => others,
        };
        system::allow(mine)?;
        let child = command.spawn().context(|| format!("start {name}"));
        system::allow(all)?;
        child
    }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    use super::{Context, Result};

    /// The processors that this thread may use.
    pub fn allowed() -> Option<Vec<usize>> {
        let set = sched_getaffinity(None).ok()?;
        Some(
            (0..CpuSet::MAX_CPU)
                .filter(|cpu| set.is_set(*cpu))
                .collect(),
        )
    }

    /// From now on this thread, and what it starts, uses these processors alone.
    pub fn allow(processors: &[usize]) -> Result<()> {
        let mut set = CpuSet::new();
        for processor in processors {
            set.set(*processor);
        }
        sched_setaffinity(None, &set).context(|| "choose a processor".to_owned())
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Result;

    /// No other system of ours lets a process be bound to a processor.
    pub fn allowed() -> Option<Vec<usize>> {
        None
    }

    /// Never called, since nothing is shared out.
    pub fn allow(_processors: &[usize]) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_measured_has_a_processor_of_its_own_and_the_runner_keeps_all() {
        let places = Places::new(true);
        let before = system::allowed();
        if !places.are_pinned() {
            return;
        }
        let mut child = places
            .spawn(Place::Measured, Command::new("sleep").arg("30"))
            .unwrap();
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let _ = child.kill();
        let _ = child.wait();
        let list = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"))
            .unwrap();
        assert!(
            list.trim().parse::<usize>().is_ok(),
            "one processor: {list}"
        );
        assert_eq!(system::allowed(), before);
    }
}
