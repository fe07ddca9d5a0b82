//! Numbers by reason code. The list is closed, and so is what is made of HTTP statuses, which are a backend's to choose.

use understudy_shared::{REASON_CODES, ReasonCode};

use super::Count;

/// Statuses that are told apart. Any other one is counted with its class.
const STATUSES: [u16; 33] = [
    301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 425, 429,
    500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 529, 530,
];
/// What the others are called, by their first digit.
const CLASSES: [&str; 6] = [
    "http_other",
    "http_1xx",
    "http_2xx",
    "http_3xx",
    "http_4xx",
    "http_5xx",
];

/// Numbers by reason code.
#[derive(Debug)]
pub struct Codes([Count; REASON_CODES.len() + STATUSES.len() + CLASSES.len()]);

impl Default for Codes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Count::default()))
    }
}

impl Codes {
    /// One more of this code.
    pub fn add(&self, code: ReasonCode) {
        if let Some(count) = self.0.get(place(code)) {
            count.add();
        }
    }

    /// The codes that were counted.
    pub fn counted(&self) -> impl Iterator<Item = (String, u64)> {
        let counted = self.0.iter().map(Count::get).enumerate();
        counted
            .filter(|(_, count)| *count > 0)
            .map(|(place, count)| (name(place), count))
    }
}

fn place(code: ReasonCode) -> usize {
    let (codes, statuses) = (REASON_CODES.len(), STATUSES.len());
    match code {
        ReasonCode::Http(status) => match STATUSES.iter().position(|known| *known == status) {
            Some(place) => codes + place,
            None => match usize::from(status / 100) {
                class @ 1..=5 => codes + statuses + class,
                _ => codes + statuses,
            },
        },
        code => ReasonCode::ALL
            .iter()
            .position(|known| *known == code)
            .unwrap_or(codes + statuses),
    }
}

fn name(place: usize) -> String {
    let (codes, statuses) = (REASON_CODES.len(), STATUSES.len());
    if let Some(code) = REASON_CODES.get(place) {
        return (*code).to_owned();
    }
    match STATUSES.get(place - codes) {
        Some(status) => ReasonCode::Http(*status).to_string(),
        None => CLASSES[place - codes - statuses].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_of_its_own_and_statuses_never_make_new_ones() {
        let codes = Codes::default();
        for code in ReasonCode::ALL {
            codes.add(code);
        }
        let counted: Vec<_> = codes.counted().collect();
        let expected = REASON_CODES.map(|code| (code.to_owned(), 1));
        assert_eq!(counted, expected);

        let codes = Codes::default();
        for status in 0..=u16::MAX {
            codes.add(ReasonCode::Http(status));
        }
        let names: Vec<_> = codes.counted().map(|(name, _)| name).collect();
        assert_eq!(names.len(), STATUSES.len() + CLASSES.len());
        let total: u64 = codes.counted().map(|(_, count)| count).sum();
        assert_eq!(total, u64::from(u16::MAX) + 1);
    }

    #[test]
    fn statuses_are_named_as_in_traces_or_by_their_class() {
        let named = |status| name(place(ReasonCode::Http(status)));
        assert_eq!(named(503), "http_503");
        assert_eq!(named(599), "http_5xx");
        assert_eq!(named(418), "http_4xx");
        assert_eq!(named(999), "http_other");
    }
}
