//! What the server says: into the service's own log, and the last of it kept for an error message.
//!
//! A thread of its own reads it, since a server whose log nobody reads stops at the next line that it writes.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// Lines that are kept.
const KEPT: usize = 12;
/// How long the rest of the log of an ended server may take: its children may outlive it and hold the pipe.
const REST: Duration = Duration::from_millis(500);

/// The end of a server's log.
#[derive(Debug)]
pub(super) struct Log {
    lines: Arc<Mutex<VecDeque<String>>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl Log {
    /// Reads until every process that writes to the pipe has ended.
    pub fn read(pipe: PipeReader) -> std::io::Result<Self> {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT)));
        let (end, ended) = oneshot::channel();
        let kept = Arc::clone(&lines);
        let thread = std::thread::Builder::new().name("postgres-log".to_owned());
        thread.spawn(move || {
            let mut level = Level::Debug;
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line);
                level = level_of(&line).unwrap_or(level);
                report(level, &line);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(line.into_owned());
            }
            let _ = end.send(());
        })?;
        Ok(Self {
            lines,
            ended: Some(ended),
        })
    }

    /// The end of the log as it is now.
    pub fn tail(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            "(nothing)".to_owned()
        } else {
            Vec::from_iter(lines.iter().map(String::as_str)).join("\n")
        }
    }

    /// The end of the log of a server that has ended.
    pub async fn last_words(&mut self) -> String {
        if let Some(ended) = self.ended.take() {
            let _ = tokio::time::timeout(REST, ended).await;
        }
        self.tail()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Error,
    Warn,
    Debug,
}

fn report(level: Level, line: &str) {
    match level {
        Level::Error => tracing::error!(postgres = line),
        Level::Warn => tracing::warn!(postgres = line),
        Level::Debug => tracing::debug!(postgres = line),
    }
}

/// How important a line is; none for one that continues the line before.
///
/// Errors of statements are the caller's, who reports them. Refused and ended connections are what a start, a restart and a
/// stop look like.
fn level_of(line: &str) -> Option<Level> {
    if line.starts_with(['\t', ' ']) {
        return None;
    }
    let expected = ["the database system is ", "terminating connection "];
    Some(match line.split_once(':') {
        Some(("PANIC", _)) => Level::Error,
        Some(("FATAL", text))
            if expected
                .iter()
                .any(|start| text.trim_start().starts_with(start)) =>
        {
            Level::Debug
        }
        Some((
            "ERROR" | "LOG" | "NOTICE" | "INFO" | "DETAIL" | "HINT" | "CONTEXT" | "STATEMENT"
            | "DEBUG",
            _,
        )) => Level::Debug,
        // Warnings, other fatal errors, and what comes from no server: a missing library, say.
        _ => Level::Warn,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_an_operator_should_see_is_told_from_the_usual() {
        assert_eq!(
            level_of("LOG:  database system is ready to accept connections"),
            Some(Level::Debug)
        );
        assert_eq!(
            level_of("ERROR:  duplicate key value violates unique constraint"),
            Some(Level::Debug)
        );
        assert_eq!(
            level_of("FATAL:  the database system is starting up"),
            Some(Level::Debug)
        );
        assert_eq!(
            level_of("FATAL:  data directory has invalid permissions"),
            Some(Level::Warn)
        );
        assert_eq!(
            level_of("PANIC:  could not write to file: No space left on device"),
            Some(Level::Error)
        );
        assert_eq!(
            level_of("postgres: error while loading shared libraries: libz.so"),
            Some(Level::Warn)
        );
        assert_eq!(level_of("\tcontinued"), None);
    }

    #[tokio::test]
    async fn the_last_lines_are_kept_to_the_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let mut log = Log::read(reader).unwrap();
        assert_eq!(log.tail(), "(nothing)");
        for number in 0..30 {
            writeln!(writer, "LOG:  line {number}").unwrap();
        }
        drop(writer);
        let said = log.last_words().await;
        assert_eq!(said.lines().count(), KEPT);
        assert!(said.ends_with("LOG:  line 29"), "{said}");
    }
}
