//! The ordered list of proxies: the first that is not known to be down is used, and none is ever gone round.
//!
//! A proxy that fails is left alone for a pause that doubles each time, as an instance is. When it is over, one request tries it; the
//! others go on with the next in the meantime.

use std::time::Duration;

use understudy_shared::ProxyState;

use crate::gateway::breaker::gate;
use crate::gateway::surroundings::Moment;

#[derive(Clone, Copy, Debug)]
enum Proxy {
    Unknown,
    Up,
    Down { until: Moment, times: u32 },
}

/// The list.
#[derive(Debug)]
pub struct Proxies(Vec<Proxy>);

impl Proxies {
    /// A list of which nothing is known.
    pub fn new(count: usize) -> Self {
        Self(vec![Proxy::Unknown; count])
    }

    /// When the first of them is tried again, if every one is down. Never without proxies.
    pub fn all_down(&self, now: Moment) -> Option<Moment> {
        let mut soonest: Option<Moment> = None;
        for proxy in &self.0 {
            match proxy {
                Proxy::Down { until, .. } if !until.has_come(now) => {
                    soonest = Some(match soonest {
                        Some(known) if known.left(now) <= until.left(now) => known,
                        _ => *until,
                    });
                }
                _ => return None,
            }
        }
        soonest
    }

    /// The proxy to be used, of those that were not `tried` yet: the first that is not down; if all are, the one whose pause ends
    /// first. None if every one was tried. Whoever is sent to one whose pause is over is the only one for a while.
    pub fn pick(
        &mut self,
        tried: impl Fn(usize) -> bool,
        now: Moment,
        fraction: f64,
    ) -> Option<usize> {
        let is_down =
            |proxy: &Proxy| matches!(proxy, Proxy::Down { until, .. } if !until.has_come(now));
        let left = || {
            self.0
                .iter()
                .enumerate()
                .filter(|(place, _)| !tried(*place))
        };
        let comes_back = |proxy: &Proxy| match proxy {
            Proxy::Down { until, .. } => until.left(now),
            Proxy::Unknown | Proxy::Up => Duration::ZERO,
        };
        let (place, _) = left()
            .find(|(_, proxy)| !is_down(proxy))
            .or_else(|| left().min_by_key(|(_, proxy)| comes_back(proxy)))?;
        if let Some(Proxy::Down { until, times }) = self.0.get_mut(place)
            && until.has_come(now)
        {
            *until = now.after(gate::pause(times.saturating_sub(1), fraction));
        }
        Some(place)
    }

    /// A connection through it stands.
    pub fn worked(&mut self, place: usize) {
        if let Some(proxy) = self.0.get_mut(place) {
            *proxy = Proxy::Up;
        }
    }

    /// There is no connection through it.
    pub fn failed(&mut self, place: usize, now: Moment, fraction: f64) {
        let Some(proxy) = self.0.get_mut(place) else {
            return;
        };
        let (known, times) = match proxy {
            Proxy::Down { until, times } => (Some(*until), *times),
            Proxy::Unknown | Proxy::Up => (None, 0),
        };
        let until = now.after(gate::pause(times, fraction));
        *proxy = Proxy::Down {
            until: known.map_or(until, |known| known.later(until)),
            times: times.saturating_add(1),
        };
    }

    /// What is known of a proxy. One that failed is down until it works again.
    pub fn state(&self, place: usize) -> ProxyState {
        match self.0.get(place) {
            Some(Proxy::Up) => ProxyState::Up,
            Some(Proxy::Down { .. }) => ProxyState::Down,
            Some(Proxy::Unknown) | None => ProxyState::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: fn(usize) -> bool = |_| false;

    #[test]
    fn the_first_that_is_not_down_is_used_and_comes_back_after_its_pause() {
        let now = Moment::now();
        let mut proxies = Proxies::new(2);
        assert_eq!(proxies.pick(NONE, now, 0.5), Some(0));
        proxies.failed(0, now, 0.5);
        assert_eq!(proxies.state(0), ProxyState::Down);
        assert_eq!(proxies.pick(NONE, now, 0.5), Some(1));
        proxies.worked(1);
        assert_eq!(proxies.state(1), ProxyState::Up);
        let over = now.after(Duration::from_secs(5));
        assert_eq!(proxies.pick(NONE, over, 0.5), Some(0), "one tries it");
        assert_eq!(proxies.pick(NONE, over, 0.5), Some(1), "the others do not");
        proxies.worked(0);
        assert_eq!(proxies.pick(NONE, over, 0.5), Some(0));
    }

    #[test]
    fn failing_again_doubles_the_pause() {
        let now = Moment::now();
        let mut proxies = Proxies::new(1);
        proxies.failed(0, now, 0.5);
        proxies.failed(0, now, 0.5);
        assert_eq!(
            proxies.all_down(now),
            Some(now.after(Duration::from_secs(10)))
        );
    }

    #[test]
    fn when_all_are_down_the_one_that_comes_back_first_is_tried_first() {
        let now = Moment::now();
        let mut proxies = Proxies::new(3);
        for place in [0, 0, 2, 2, 1] {
            assert_eq!(proxies.all_down(now), None);
            proxies.failed(place, now, 0.5);
        }
        assert_eq!(
            proxies.all_down(now),
            Some(now.after(Duration::from_secs(5)))
        );
        assert_eq!(proxies.pick(NONE, now, 0.5), Some(1));
        assert_eq!(proxies.pick(|place| place == 1, now, 0.5), Some(0));
        assert_eq!(proxies.pick(|_| true, now, 0.5), None);
    }

    #[test]
    fn without_proxies_nothing_is_down() {
        let now = Moment::now();
        let mut proxies = Proxies::new(0);
        assert_eq!(proxies.all_down(now), None);
        assert_eq!(proxies.pick(NONE, now, 0.5), None);
    }
}
