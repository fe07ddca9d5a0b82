//! What the user reads while this program works: one line per step, what and why, and how long it took.

use std::fmt;
use std::time::{Duration, Instant};

use crate::failure::Result;

/// A step that took longer than this is worth a second line.
const WORTH_TELLING: Duration = Duration::from_millis(200);

/// Announces `what`, does it, and tells how long it took.
pub fn step<T>(what: impl fmt::Display, work: impl FnOnce() -> Result<T>) -> Result<T> {
    say(format_args!("» {what}"));
    let start = Instant::now();
    let result = work()?;
    let took = start.elapsed();
    if took > WORTH_TELLING {
        say(format_args!("  {:.1} s", took.as_secs_f64()));
    }
    Ok(result)
}

/// Prints a line for the user.
#[expect(
    clippy::print_stdout,
    reason = "talking to the person at the terminal is what this program is for"
)]
pub fn say(text: impl fmt::Display) {
    println!("{text}");
}
