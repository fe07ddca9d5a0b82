//! The arithmetic of charts: a round upper end, and where a value stands below it.

/// The smallest round number that is not less than `most`: 1, 2 or 5 and zeros.
pub fn round_up(most: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [1, 2, 5] {
            let end = unit.saturating_mul(step);
            if end >= most.max(1) {
                return end;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// A value in thousandths of the height of the chart.
pub fn height(value: u64, end: u64) -> u64 {
    let end = u128::from(end.max(1));
    let part = (u128::from(value) * 1000).div_ceil(end).min(1000);
    u64::try_from(part).unwrap_or(1000)
}

/// A length in thousandths, as percent.
pub fn percent(thousandths: u64) -> String {
    format!("{}.{}%", thousandths / 10, thousandths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_round_and_high_enough() {
        for (most, end) in [
            (0, 1),
            (1, 1),
            (3, 5),
            (5, 5),
            (6, 10),
            (11, 20),
            (101, 200),
            (4_999, 5_000),
        ] {
            assert_eq!(round_up(most), end, "{most}");
        }
        assert!(round_up(u64::MAX) > u64::MAX / 2);
    }

    #[test]
    fn what_is_there_is_seen_however_little() {
        assert_eq!(height(0, 100), 0);
        assert_eq!(height(1, 1_000_000), 1);
        assert_eq!(height(50, 100), 500);
        assert_eq!(height(200, 100), 1000);
        assert_eq!(percent(1000), "100.0%");
        assert_eq!(percent(55), "5.5%");
    }
}
