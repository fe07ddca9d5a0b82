//! Where a row goes: the arithmetic of moving, without a browser.

/// Where a key takes the row at `index` of `count`; none if it cannot go there.
pub fn step(key: &str, index: usize, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    let to = match key {
        "ArrowUp" => index.checked_sub(1)?,
        "ArrowDown" => index + 1,
        "Home" => 0,
        "End" => last,
        _ => return None,
    };
    (to <= last && to != index).then_some(to)
}

/// The top and the bottom of a row, from the top of the list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extent {
    /// Top.
    pub top: f64,
    /// Bottom.
    pub bottom: f64,
}

impl Extent {
    fn middle(self) -> f64 {
        f64::midpoint(self.top, self.bottom)
    }
}

/// Where the row `from` would stand if it were dropped with the pointer at `y`: below every other row whose middle is above the pointer.
pub fn target(rows: &[Extent], from: usize, y: f64) -> usize {
    rows.iter()
        .enumerate()
        .filter(|(index, row)| *index != from && y > row.middle())
        .count()
}

/// Where to draw the line that shows where the row `from` would go, or nowhere if it would stay.
pub fn line(rows: &[Extent], from: usize, to: usize) -> Option<f64> {
    let row = rows.get(to)?;
    match to.cmp(&from) {
        std::cmp::Ordering::Less => Some(row.top),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(row.bottom),
    }
}

/// How far to scroll in one frame while the pointer is at `y` of a window of this height: the nearer to the edge, the faster.
pub fn scroll_step(y: f64, height: f64) -> f64 {
    const TOP: f64 = 72.0;
    // Where the buttons of the form stand.
    const BOTTOM: f64 = 112.0;
    const FASTEST: f64 = 18.0;
    if y < TOP {
        -FASTEST * ((TOP - y) / TOP).min(1.0)
    } else if y > height - BOTTOM {
        FASTEST * ((y - (height - BOTTOM)) / BOTTOM).min(1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Extent> {
        (0..4)
            .map(|index| {
                let top = f64::from(index) * 50.0;
                Extent {
                    top,
                    bottom: top + 50.0,
                }
            })
            .collect()
    }

    #[test]
    fn keys_stop_at_the_ends() {
        assert_eq!(step("ArrowUp", 0, 3), None);
        assert_eq!(step("ArrowUp", 2, 3), Some(1));
        assert_eq!(step("ArrowDown", 2, 3), None);
        assert_eq!(step("ArrowDown", 0, 3), Some(1));
        assert_eq!(step("Home", 2, 3), Some(0));
        assert_eq!(step("End", 0, 3), Some(2));
        assert_eq!(step("End", 0, 1), None);
        assert_eq!(step("a", 0, 3), None);
        assert_eq!(step("End", 0, 0), None);
    }

    #[test]
    fn a_row_goes_past_another_at_its_middle() {
        let rows = rows();
        assert_eq!(target(&rows, 0, 10.0), 0);
        assert_eq!(target(&rows, 0, 74.0), 0);
        assert_eq!(target(&rows, 0, 76.0), 1);
        assert_eq!(target(&rows, 0, 900.0), 3);
        assert_eq!(target(&rows, 3, -50.0), 0);
        assert_eq!(target(&rows, 2, 60.0), 1);
        assert_eq!(target(&rows, 2, 120.0), 2);
    }

    #[test]
    fn the_line_stands_where_the_row_will_be() {
        let rows = rows();
        assert_eq!(line(&rows, 0, 2), Some(150.0));
        assert_eq!(line(&rows, 3, 1), Some(50.0));
        assert_eq!(line(&rows, 1, 1), None);
        assert_eq!(line(&rows, 1, 9), None);
    }

    #[test]
    fn the_page_scrolls_near_its_edges_only() {
        assert_eq!(scroll_step(400.0, 800.0), 0.0);
        assert!(scroll_step(10.0, 800.0) < scroll_step(60.0, 800.0));
        assert!(scroll_step(60.0, 800.0) < 0.0);
        assert!(scroll_step(790.0, 800.0) > scroll_step(700.0, 800.0));
        assert!((scroll_step(5000.0, 800.0) - 18.0).abs() < 1e-9);
    }
}
