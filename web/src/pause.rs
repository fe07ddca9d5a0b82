//! Waiting that may be cut short: for whatever tries again after a while, but at once when there is a reason to.

use std::time::Duration;

use futures_channel::oneshot::{Sender, channel};
use futures_util::future::{Either, select};
use leptos::prelude::*;

use crate::browser;

/// The pauses of one loop.
#[derive(Clone, Copy)]
pub struct Pauses {
    sleeper: StoredValue<Option<Sender<()>>>,
}

impl Pauses {
    /// No pause yet.
    pub fn new() -> Self {
        Self {
            sleeper: StoredValue::new(None),
        }
    }

    /// Waits for `duration`, or until it is woken.
    pub async fn sleep(self, duration: Duration) {
        let timer = Box::pin(browser::sleep(duration));
        match select(timer, Box::pin(self.until_woken())).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }

    /// Waits until it is woken.
    pub async fn until_woken(self) {
        let (sender, woken) = channel();
        self.sleeper.set_value(Some(sender));
        // An error is a sender that was replaced or dropped: no reason to wait any longer.
        let _ = woken.await;
    }

    /// Ends the pause, if there is one.
    pub fn wake(self) {
        let sleeper = self.sleeper.try_update_value(Option::take).flatten();
        if let Some(sleeper) = sleeper {
            let _ = sleeper.send(());
        }
    }
}

/// How long to wait after the try of this number, counted from 0: twice as long each time, up to `longest`.
///
/// `random` is in 0–1 and takes up to half of it away, so that the pages of a whole office do not come back in the same moment.
pub fn back_off(tries: u32, first: Duration, longest: Duration, random: f64) -> Duration {
    let whole = first
        .saturating_mul(2_u32.saturating_pow(tries))
        .min(longest);
    whole.mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_differ() {
        let first = Duration::from_secs(1);
        let longest = Duration::from_secs(30);
        let pause = |tries, random| back_off(tries, first, longest, random);
        assert_eq!(pause(0, 0.0), first);
        assert_eq!(pause(3, 0.0), Duration::from_secs(8));
        assert_eq!(pause(5, 0.0), longest);
        assert_eq!(pause(u32::MAX, 0.0), longest);
        assert_eq!(pause(3, 1.0), Duration::from_secs(4));
        assert_eq!(pause(3, f64::NAN.max(0.5)), Duration::from_secs(6));
    }
}
