//! The candidates of one request, each at most once: by the strategy, and when nobody else is left, those that are merely
//! ejected or down.
//!
//! With the strategy `first_available` members are looked at one by one, as far as needed: whoever stands behind the one that
//! answers costs nothing.

use understudy_shared::Strategy;

use super::hindrance::{self, Hindrance};
use super::{Facts, Pickable, Rules, Wanted, strategy};
use crate::gateway::surroundings::{Moment, Surroundings};

/// A member that is asked next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the group's order.
    pub place: usize,
    /// Whether it is asked although it is ejected or down, since nobody else is left.
    pub forced: bool,
}

/// The candidates of one request.
pub struct Candidates<'a, M> {
    rules: Rules<'a>,
    wanted: Wanted,
    members: &'a [M],
    /// The members up to this place have been looked at.
    looked_at: usize,
    /// Members that passed when they were looked at, and were not given out yet.
    left: Vec<usize>,
    /// Members that were hindered when they were looked at.
    hindered: Vec<(usize, Hindrance)>,
    /// Of those, how many were told of.
    told: usize,
    /// Members that are asked as a last resort, the next one at the end.
    last_resort: Option<Vec<usize>>,
}

impl<'a, M: Pickable> Candidates<'a, M> {
    /// The candidates of a request.
    pub fn new(rules: Rules<'a>, wanted: Wanted, members: &'a [M]) -> Self {
        Self {
            rules,
            wanted,
            members,
            looked_at: 0,
            left: Vec::new(),
            hindered: Vec::new(),
            told: 0,
            last_resort: None,
        }
    }

    /// The next one. `hindered` hears of each member that is passed over, once.
    pub fn next(
        &mut self,
        now: Moment,
        dice: Option<&dyn Surroundings>,
        mut hindered: impl FnMut(usize, Hindrance),
    ) -> Option<Candidate> {
        let next = self.by_strategy(now, dice);
        for (place, why) in &self.hindered[self.told..] {
            hindered(*place, *why);
        }
        self.told = self.hindered.len();
        next.map(|place| Candidate {
            place,
            forced: false,
        })
        .or_else(|| self.by_force(now))
    }

    fn by_strategy(&mut self, now: Moment, dice: Option<&dyn Surroundings>) -> Option<usize> {
        if self.rules.strategy == Strategy::FirstAvailable {
            return match self.left.pop() {
                // Looked at ahead of time.
                Some(place) => Some(place),
                None => self.look(now),
            };
        }
        while let Some(place) = self.look(now) {
            self.left.push(place);
        }
        if self.left.is_empty() {
            return None;
        }
        let facts: Vec<Facts<'_>> = self
            .left
            .iter()
            .map(|place| self.members[*place].facts())
            .collect();
        let roll = dice.map(|dice| move || dice.fraction());
        let roll = roll.as_ref().map(|roll| roll as &dyn Fn() -> f64);
        let chosen = strategy::choose(self.rules.strategy, &facts, roll);
        Some(self.left.remove(chosen))
    }

    /// Looks at members until one is not hindered.
    fn look(&mut self, now: Moment) -> Option<usize> {
        while let Some(member) = self.members.get(self.looked_at) {
            let place = self.looked_at;
            self.looked_at += 1;
            match hindrance::of(&self.rules, &member.facts(), self.wanted, now) {
                None => return Some(place),
                Some(why) => self.hindered.push((place, why)),
            }
        }
        None
    }

    fn by_force(&mut self, now: Moment) -> Option<Candidate> {
        let last_resort = self.last_resort.get_or_insert_with(|| {
            let passing = self.hindered.iter().filter_map(|(place, why)| match why {
                Hindrance::Blocked(block) if block.is_passing() => Some((*place, block.rank(now))),
                _ => None,
            });
            let mut passing: Vec<_> = passing.collect();
            passing.sort_by_key(|(place, rank)| std::cmp::Reverse((*rank, *place)));
            passing.into_iter().map(|(place, _)| place).collect()
        });
        last_resort.pop().map(|place| Candidate {
            place,
            forced: true,
        })
    }

    /// Whether somebody else could be asked after the one that was given out last.
    pub fn has_more(&mut self, now: Moment) -> bool {
        if !self.left.is_empty() {
            return true;
        }
        if let Some(last_resort) = &self.last_resort {
            return !last_resort.is_empty();
        }
        if let Some(place) = self.look(now) {
            self.left.push(place);
            return true;
        }
        self.hindered
            .iter()
            .any(|(_, why)| matches!(why, Hindrance::Blocked(block) if block.is_passing()))
    }

    /// A candidate that was given out turned out to be hindered: another request was faster.
    pub fn was_hindered(&mut self, place: usize, why: Hindrance) {
        self.hindered.push((place, why));
    }

    /// Everybody who was passed over.
    pub fn hindered(&self) -> &[(usize, Hindrance)] {
        &self.hindered
    }
}
