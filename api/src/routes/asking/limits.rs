//! How many questions one caller may have under way: enough to compare groups side by side, too few to take them from callers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use crate::error::ApiError;

/// Questions that are under way, by caller. Each replica counts for itself.
#[derive(Debug)]
pub struct AskingLimits {
    at_once: u32,
    what: &'static str,
    callers: Mutex<HashMap<Uuid, u32>>,
}

/// A question that is under way; dropping it ends it.
#[derive(Debug)]
pub struct UnderWay {
    limits: Arc<AskingLimits>,
    caller: Uuid,
}

impl AskingLimits {
    /// For tries of groups.
    pub fn for_tries() -> Self {
        Self::new(4, "tries")
    }

    /// For dialogs.
    pub fn for_dialogs() -> Self {
        Self::new(8, "answers")
    }

    fn new(at_once: u32, what: &'static str) -> Self {
        Self {
            at_once,
            what,
            callers: Mutex::default(),
        }
    }

    fn callers(&self) -> MutexGuard<'_, HashMap<Uuid, u32>> {
        // Every update is complete in itself, so what a panicking thread left behind is usable.
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a question.
    ///
    /// # Errors
    /// If too many of this caller are under way.
    pub fn begin(self: &Arc<Self>, caller: Uuid) -> Result<UnderWay, ApiError> {
        let mut callers = self.callers();
        let count = callers.entry(caller).or_default();
        if *count >= self.at_once {
            let (at_once, what) = (self.at_once, self.what);
            let detail = format!("{at_once} {what} are under way; wait until one has ended.");
            return Err(ApiError::rate_limited(detail, 1));
        }
        *count += 1;
        Ok(UnderWay {
            limits: Arc::clone(self),
            caller,
        })
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut callers = self.limits.callers();
        if let Some(count) = callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                callers.remove(&self.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_four_tries_at_once_and_nobody_pays_for_another() {
        let limits = Arc::new(AskingLimits::for_tries());
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let mut under_way: Vec<UnderWay> = (0..4).map(|_| limits.begin(one).unwrap()).collect();
        assert!(limits.begin(one).is_err());
        assert!(limits.begin(other).is_ok());
        under_way.pop();
        under_way.push(limits.begin(one).unwrap());
        assert!(limits.begin(one).is_err());
        under_way.clear();
        assert!(limits.callers().is_empty());
    }
}
