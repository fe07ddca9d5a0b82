//! Starting other programs and stopping them again.
//!
//! Rule: every program that runs longer than a moment gets a process group of its own, so that one Ctrl-C reaches it once (through
//! us), and nothing it started outlives it. Signals are only noted by the handler; the waiting loop acts on them.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Context, Failure, Result};

/// How long a program may take to end after it was asked to.
pub const STOP_LIMIT: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(20);

static NOTED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Notes SIGINT, SIGTERM and SIGHUP from now on, in place of dying at once and leaving others behind.
pub fn catch_signals() -> Result<()> {
    let noted = NOTED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let value = usize::try_from(signal).unwrap_or_default();
        signal_hook::flag::register_usize(signal, Arc::clone(noted), value)
            .context(|| format!("listen for signal {signal}"))?;
    }
    Ok(())
}

/// The signal that arrived since the last call, if any.
pub fn take_signal() -> Option<i32> {
    let value = NOTED.get()?.swap(0, Ordering::SeqCst);
    i32::try_from(value).ok().filter(|signal| *signal != 0)
}

/// Waits a moment between two looks at something that cannot notify us.
#[expect(
    clippy::disallowed_methods,
    reason = "a build command has one thread and nothing else to do meanwhile"
)]
pub fn pause() {
    std::thread::sleep(POLL);
}

/// Starts `command` in a process group of its own, without standard input.
pub fn spawn(command: &mut Command) -> Result<Child> {
    let name = name(command);
    command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .context(|| format!("start {name}"))
}

/// Runs `command` to its end with its output shown; anything but success is a failure with the same exit code.
pub fn run(command: &mut Command) -> Result<()> {
    let name = name(command);
    let status = run_for_status(command)?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::with_code(
        format!("{name} failed ({status})"),
        exit_code(status),
    ))
}

/// Runs `command` to its end with its output shown.
pub fn run_for_status(command: &mut Command) -> Result<ExitStatus> {
    let mut child = spawn(command)?;
    loop {
        if let Some(status) = child
            .try_wait()
            .context(|| "wait for a program".to_owned())?
        {
            return Ok(status);
        }
        if let Some(signal) = take_signal() {
            stop(&mut child, signal, STOP_LIMIT)?;
            return Err(Failure::interrupted(signal));
        }
        pause();
    }
}

/// Runs `command` silently; its output is shown only when it fails.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    let name = name(command);
    let path = std::env::temp_dir().join(format!("understudy-xtask-{}.log", std::process::id()));
    let log = std::fs::File::create(&path).context(|| format!("create {}", path.display()))?;
    let copy = log.try_clone().context(|| "share a log file".to_owned())?;
    let status = run_for_status(command.stdout(log).stderr(copy));
    let text = std::fs::read(&path).unwrap_or_default();
    // A log that stays behind in the temporary folder harms nobody.
    let _ = std::fs::remove_file(&path);
    let status = status?;
    if status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(30)..].join("\n");
    Err(Failure::with_code(
        format!("{name} failed ({status}):\n{tail}"),
        exit_code(status),
    ))
}

/// Runs `command`, which must take only a moment, and gives back what it printed.
pub fn output(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .context(|| format!("start {name}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(Failure::with_code(
        format!("{name} failed ({}):\n{}", output.status, errors.trim_end()),
        exit_code(output.status),
    ))
}

/// Whether `command`, which must take only a moment, can be started and succeeds; shows nothing.
pub fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Asks the group of `child` to end with `signal`, kills it after `limit` or on a second request, and returns how it ended.
pub fn stop(child: &mut Child, signal: i32, limit: Duration) -> Result<ExitStatus> {
    let group = Pid::from_child(child);
    let signal = Signal::from_named_raw(signal).unwrap_or(Signal::TERM);
    // The only failure is that the group is gone already, which is the aim.
    let _ = kill_process_group(group, signal);
    let start = Instant::now();
    loop {
        if let Some(status) = child
            .try_wait()
            .context(|| "wait for a program".to_owned())?
        {
            // What the program itself left behind in its group goes with it.
            let _ = kill_process_group(group, Signal::KILL);
            return Ok(status);
        }
        if start.elapsed() > limit || take_signal().is_some() {
            let _ = kill_process_group(group, Signal::KILL);
            return child
                .wait()
                .context(|| "wait for a killed program".to_owned());
        }
        pause();
    }
}

/// The exit code that a shell would report for `status`.
pub fn exit_code(status: ExitStatus) -> u8 {
    let code = status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)
}

fn name(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or(&program);
    let args: Vec<_> = command
        .get_args()
        .take(3)
        .map(|arg| arg.to_string_lossy())
        .collect();
    format!("`{program} {}`", args.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_passes_its_exit_code_on() {
        let failure = run(Command::new("sh").args(["-c", "exit 7"])).unwrap_err();
        assert_eq!(failure.code(), 7);
        assert!(failure.to_string().contains("`sh -c exit 7`"), "{failure}");
    }

    #[test]
    fn a_quiet_program_shows_its_output_when_it_fails() {
        let failure =
            run_quietly(Command::new("sh").args(["-c", "echo the reason; false"])).unwrap_err();
        assert!(failure.to_string().contains("the reason"), "{failure}");
    }

    #[test]
    fn stopping_takes_the_whole_group_along() {
        let mut child = spawn(Command::new("sh").args(["-c", "sleep 60 & wait"])).unwrap();
        let group = Pid::from_child(&child);
        stop(&mut child, SIGTERM, Duration::from_secs(5)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while rustix::process::test_kill_process_group(group).is_ok() {
            assert!(Instant::now() < deadline, "the group is still there");
            pause();
        }
    }
}
