//! The table that is printed.

use std::fmt::Write as _;

use super::Conditions;
use super::summary::Summary;

const COLUMNS: [&str; 11] = [
    "",
    "per s",
    "× nginx",
    "× direct",
    "p50 µs",
    "p99 µs",
    "added µs",
    "CPU µs",
    "busy",
    "beside",
    "MiB idle → loaded",
];

/// One table per load.
pub fn of(conditions: &Conditions, summaries: &[Summary]) -> String {
    let mut text = String::new();
    let Conditions {
        processors,
        rounds,
        seconds,
        ..
    } = conditions;
    let processor = conditions
        .processor
        .as_deref()
        .unwrap_or("unknown processor");
    let pinned = if conditions.pinned {
        "one for the contender"
    } else {
        "shared by all"
    };
    let _ = writeln!(
        text,
        "{processors} × {processor}, {pinned}; median of {rounds} × {seconds} s"
    );
    for load in summaries.chunk_by(|a, b| heading(a) == heading(b)) {
        let rows: Vec<_> = load.iter().map(row).collect();
        let _ = writeln!(text, "\n{}", load.first().map(heading).unwrap_or_default());
        text += &align(&rows);
        for summary in load {
            notes(&mut text, summary);
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn heading(summary: &Summary) -> String {
    let Summary { connections, .. } = summary;
    let plural = if *connections == 1 { "" } else { "s" };
    match summary.gap_p99 {
        None => {
            let what = match summary.workload {
                "failing" => "answers of a group whose first instance always fails",
                "two" => "answers of a group of 2",
                "hundred" => "answers of a group of 100",
                _ => "answers",
            };
            format!("{what}, {connections} connection{plural}")
        }
        Some(_) => format!(
            "streams, {connections} connection{plural} (per event; p50 and p99 to the first event)"
        ),
    }
}

fn row(summary: &Summary) -> [String; COLUMNS.len()] {
    let ratio = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.2}"));
    let micros = |value: Option<f64>| value.map_or_else(none, |value| format!("{value:.1}"));
    let percent =
        |value: Option<f64>| value.map_or_else(none, |value| format!("{:.0} %", value * 100.0));
    let memory = summary
        .idle_kib
        .zip(summary.loaded_kib)
        .map(|(idle, loaded)| {
            format!(
                "{:.1} → {:.1}",
                idle as f64 / 1024.0,
                loaded as f64 / 1024.0
            )
        });
    [
        summary.contender.to_owned(),
        format!("{:.0}", summary.per_second),
        ratio(summary.to_nginx),
        ratio(summary.to_direct),
        format!("{:.0}", summary.p50),
        format!("{:.0}", summary.p99),
        micros(summary.added),
        micros(summary.cpu),
        percent(summary.busy),
        percent(summary.beside),
        memory.unwrap_or_else(none),
    ]
}

fn none() -> String {
    "–".to_owned()
}

/// What a figure alone would not tell.
fn notes(text: &mut String, summary: &Summary) {
    let Summary {
        contender,
        errors,
        disturbed,
        ..
    } = summary;
    if let Some((p99, max)) = summary.gap_p99.zip(summary.gap_max) {
        let (p99, max) = (p99 / 1e3, max / 1e3);
        let _ = writeln!(
            text,
            "  {contender}: 99 % of the gaps between events under {p99:.1} ms, the longest {max:.1} ms"
        );
    }
    if *errors > 0 {
        let _ = writeln!(
            text,
            "  ! {contender}: {errors} questions were not answered"
        );
    }
    if *disturbed > 0 {
        let _ = writeln!(
            text,
            "  ! {contender}: other programs were busy during {disturbed} of its rounds"
        );
    }
}

/// The first column to the left, figures to the right.
fn align(rows: &[[String; COLUMNS.len()]]) -> String {
    let head = COLUMNS.map(str::to_owned);
    let rows = || [&head].into_iter().chain(rows);
    let width = |column: usize| {
        rows()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<_> = (0..COLUMNS.len()).map(width).collect();
    let mut text = String::new();
    for row in rows() {
        let cells: Vec<_> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            })
            .collect();
        text += &format!("  {}\n", cells.join("  "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_in_them() {
        let mut row: [String; COLUMNS.len()] = std::array::from_fn(|_| none());
        row[1] = "1234567".to_owned();
        let text = align(&[row]);
        let lengths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert_eq!(lengths[0], lengths[1], "{text}");
    }
}
