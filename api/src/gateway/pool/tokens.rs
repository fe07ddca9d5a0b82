//! The ordered pool of tokens: the first that can be used is used.
//!
//! A refused token is out until it is changed (then everything that is known of the instance is dropped) or a check passes with
//! it; one whose quota is used up is out for a while. An instance without tokens has one place, for asking without any.

use std::time::Duration;

use understudy_shared::TokenState;

use crate::gateway::surroundings::Moment;

/// How long a token whose quota is used up is left alone.
pub const EXHAUSTED: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug)]
enum Token {
    Unknown,
    Ok,
    Invalid,
    Exhausted(Moment),
}

/// Why no token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shortage {
    /// Every one is refused.
    Refused,
    /// One that is not refused can be used again then.
    Exhausted(Moment),
}

/// The pool.
#[derive(Debug)]
pub struct Tokens(Vec<Token>);

impl Tokens {
    /// A pool of which nothing is known.
    pub fn new(count: usize) -> Self {
        Self(vec![Token::Unknown; count.max(1)])
    }

    /// The first token that can be used, and that comes after this one.
    ///
    /// # Errors
    /// If there is none, with the reason why the pool as a whole has none.
    pub fn pick(&self, after: Option<usize>, now: Moment) -> Result<usize, Shortage> {
        let first = after.map_or(0, |after| after + 1);
        let usable = |token: &Token| match token {
            Token::Unknown | Token::Ok => true,
            Token::Invalid => false,
            Token::Exhausted(until) => until.has_come(now),
        };
        let found = self.0.iter().skip(first).position(usable);
        found
            .map(|place| place + first)
            .ok_or_else(|| self.shortage(now))
    }

    /// Why the pool has no token, as far as it has none.
    fn shortage(&self, now: Moment) -> Shortage {
        let exhausted = self.0.iter().filter_map(|token| match token {
            Token::Exhausted(until) => Some(*until),
            _ => None,
        });
        exhausted
            .min_by_key(|until| until.left(now))
            .map_or(Shortage::Refused, Shortage::Exhausted)
    }

    /// The backend accepted it.
    pub fn accepted(&mut self, place: usize) {
        self.set(place, Token::Ok);
    }

    /// A check with it passed. That says nothing of its quota: only time brings that back.
    pub fn verified(&mut self, place: usize) {
        if let Some(Token::Unknown | Token::Invalid) = self.0.get(place) {
            self.set(place, Token::Ok);
        }
    }

    /// A check passed that says nothing of tokens: each refused one gets another chance.
    pub fn forgive(&mut self) {
        for token in &mut self.0 {
            if let Token::Invalid = token {
                *token = Token::Unknown;
            }
        }
    }

    /// The backend refused it.
    pub fn refused(&mut self, place: usize) {
        self.set(place, Token::Invalid);
    }

    /// Its quota is used up.
    pub fn exhausted(&mut self, place: usize, now: Moment) {
        let until = now.after(EXHAUSTED);
        match self.0.get(place) {
            // Another request knew it first, and a refusal outlasts every pause.
            Some(Token::Invalid) | None => {}
            Some(_) => self.set(place, Token::Exhausted(until)),
        }
    }

    /// When the token with the shortest pause can be used again, for telling that a pause is over.
    pub fn last_pause(&self) -> Option<Moment> {
        let ends = self.0.iter().filter_map(|token| match token {
            Token::Exhausted(until) => Some(*until),
            _ => None,
        });
        ends.min_by_key(|until| until.instant())
    }

    /// What is known of a token.
    pub fn state(&self, place: usize, now: Moment) -> TokenState {
        match self.0.get(place) {
            Some(Token::Ok) => TokenState::Ok,
            Some(Token::Invalid) => TokenState::Invalid,
            Some(Token::Exhausted(until)) if !until.has_come(now) => TokenState::Exhausted,
            Some(Token::Unknown | Token::Exhausted(_)) | None => TokenState::Unknown,
        }
    }

    fn set(&mut self, place: usize, token: Token) {
        if let Some(known) = self.0.get_mut(place) {
            *known = token;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_usable_token_is_used_and_after_it_the_next() {
        let now = Moment::now();
        let mut tokens = Tokens::new(3);
        assert_eq!(tokens.pick(None, now), Ok(0));
        tokens.refused(0);
        assert_eq!(tokens.pick(None, now), Ok(1));
        assert_eq!(tokens.pick(Some(1), now), Ok(2));
        assert_eq!(tokens.state(0, now), TokenState::Invalid);
        tokens.accepted(1);
        assert_eq!(tokens.state(1, now), TokenState::Ok);
        assert_eq!(tokens.state(2, now), TokenState::Unknown);
    }

    #[test]
    fn a_used_up_token_is_out_for_ten_minutes_and_a_refused_one_for_good() {
        let now = Moment::now();
        let mut tokens = Tokens::new(2);
        tokens.refused(0);
        tokens.exhausted(1, now);
        let until = now.after(EXHAUSTED);
        assert_eq!(tokens.pick(None, now), Err(Shortage::Exhausted(until)));
        assert_eq!(tokens.state(1, now), TokenState::Exhausted);
        assert_eq!(tokens.pick(None, until), Ok(1));
        assert_eq!(tokens.state(1, until), TokenState::Unknown);
        tokens.exhausted(0, now);
        assert_eq!(tokens.state(0, until), TokenState::Invalid);
        tokens.accepted(0);
        assert_eq!(tokens.pick(None, now), Ok(0), "a check passed with it");
    }

    #[test]
    fn a_check_gives_a_refused_token_another_chance_and_brings_no_quota_back() {
        let now = Moment::now();
        let mut tokens = Tokens::new(3);
        tokens.refused(0);
        tokens.exhausted(1, now);
        for place in 0..3 {
            tokens.verified(place);
        }
        assert_eq!(tokens.state(0, now), TokenState::Ok);
        assert_eq!(tokens.state(1, now), TokenState::Exhausted);
        assert_eq!(tokens.state(2, now), TokenState::Ok);
        tokens.refused(0);
        tokens.forgive();
        assert_eq!(tokens.state(0, now), TokenState::Unknown);
        assert_eq!(tokens.state(1, now), TokenState::Exhausted);
    }

    #[test]
    fn a_pool_whose_every_token_is_refused_says_so() {
        let now = Moment::now();
        let mut tokens = Tokens::new(2);
        tokens.refused(0);
        tokens.refused(1);
        assert_eq!(tokens.pick(None, now), Err(Shortage::Refused));
        let mut none = Tokens::new(0);
        assert_eq!(none.pick(None, now), Ok(0), "asking without a token");
        none.refused(0);
        assert_eq!(none.pick(None, now), Err(Shortage::Refused));
    }

    #[test]
    fn the_soonest_pause_counts() {
        let now = Moment::now();
        let later = now.after(Duration::from_secs(60));
        let mut tokens = Tokens::new(2);
        tokens.exhausted(0, later);
        tokens.exhausted(1, now);
        let soonest = now.after(EXHAUSTED);
        assert_eq!(tokens.pick(None, now), Err(Shortage::Exhausted(soonest)));
        assert_eq!(tokens.last_pause(), Some(soonest));
    }
}
