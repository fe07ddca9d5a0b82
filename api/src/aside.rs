//! Work that takes much memory for a moment, on a thread of its own that gives the memory back.
//!
//! mimalloc returns freed memory when a thread ends that frees nothing younger than a second, and an idle process has no other occasion:
//! it would keep the 19 MiB of a hashed password, or the tens of MiB of the API's description, for good (decision 9).

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long mimalloc waits before it returns freed memory (1 s), and a little more.
const ALLOCATOR_DELAY: Duration = Duration::from_millis(1500);

/// Begins the work; `tell` is given what comes of it, on that thread.
///
/// # Errors
/// If the system has no thread left.
pub fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    tell: impl FnOnce(T) + Send + 'static,
) -> io::Result<()> {
    let run = move || {
        tell(work());
        give_back();
    };
    let thread = std::thread::Builder::new().name("aside".to_owned());
    thread.spawn(run).map(|_| ())
}

/// Waits for the work, which is short and done once or twice in the life of the process.
pub fn wait_for<T: Send + 'static>(work: fn() -> T) -> T {
    let (tell, told) = mpsc::sync_channel(1);
    let begun = start(work, move |done| {
        let _ = tell.send(done);
    });
    match begun.map(|()| told.recv()) {
        Ok(Ok(done)) => done,
        // Without a thread it is done here, and its memory stays for a while.
        _ => work(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this thread serves nobody any more"
)]
fn give_back() {
    static ONE_WAITS: AtomicBool = AtomicBool::new(false);
    if !ONE_WAITS.swap(true, Ordering::AcqRel) {
        std::thread::sleep(ALLOCATOR_DELAY);
        ONE_WAITS.store(false, Ordering::Release);
    }
}
