//! A picture of the answers over 16 connections, for the README: who answers how many, and what each costs.

use std::fmt::Write as _;

use super::Summary;

/// Of which load the picture is.
const CONNECTIONS: usize = 16;
const ROW: usize = 34;
const LEFT: usize = 120;
const WIDEST: f64 = 360.0;

/// The picture as SVG; none without a comparison with nginx.
pub fn of(summaries: &[Summary]) -> Option<String> {
    let rows: Vec<_> = summaries
        .iter()
        .filter(|one| one.workload == "answer" && one.connections == CONNECTIONS)
        .filter_map(|one| Some((one.contender, one.to_nginx?, one.cpu?)))
        .collect();
    let most = rows.iter().map(|(_, ratio, _)| *ratio).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let height = 56 + rows.len() * ROW + 12;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 {height}\" width=\"720\" height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"14\" role=\"img\">
<title>Answers per second as a multiple of nginx's, and processor time per answer</title>
<rect width=\"720\" height=\"{height}\" rx=\"8\" fill=\"#ffffff\"/>
<text x=\"20\" y=\"32\" font-size=\"15\" font-weight=\"600\" fill=\"#1f2933\">Answers per second over 16 connections, nginx = 1; processor time per answer</text>
"
    );
    for (row, (name, ratio, cpu)) in rows.iter().enumerate() {
        let y = 56 + row * ROW;
        let width = ratio / most * WIDEST;
        let fill = if *name == "understudy" {
            "#2563eb"
        } else {
            "#9aa5b1"
        };
        let text = y + 17;
        let beside = LEFT as f64 + width + 10.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{text}\" text-anchor=\"end\" fill=\"#1f2933\">{name}</text>
<rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"24\" rx=\"3\" fill=\"{fill}\"/>
<text x=\"{beside:.1}\" y=\"{text}\" fill=\"#1f2933\">{ratio:.2} × · {cpu:.1} µs</text>",
            LEFT - 10,
        );
    }
    svg += "</svg>\n";
    Some(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(contender: &'static str, to_nginx: f64) -> Summary {
        Summary {
            workload: "answer",
            connections: 16,
            contender,
            per_second: 1.0,
            to_nginx: Some(to_nginx),
            to_direct: None,
            p50: 1.0,
            p90: 1.0,
            p99: 1.0,
            added: None,
            gap_p99: None,
            gap_max: None,
            cpu: Some(12.5),
            busy: None,
            beside: None,
            idle_kib: None,
            loaded_kib: None,
            errors: 0,
            disturbed: 0,
        }
    }

    #[test]
    fn the_longest_bar_is_the_fastest_contenders() {
        let svg = of(&[summary("nginx", 1.0), summary("understudy", 0.5)]).unwrap();
        assert!(
            svg.contains("width=\"360.0\"") && svg.contains("width=\"180.0\""),
            "{svg}"
        );
        assert!(svg.contains(">0.50 × · 12.5 µs<"), "{svg}");
        assert_eq!(of(&[]), None);
    }
}
