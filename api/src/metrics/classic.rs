//! The text form that came before OpenMetrics, made from it. What is told of a counter or an info is told under the name of its numbers,
//! and there is no unit and no end mark; the numbers are the same.

use std::fmt::Write as _;

/// The same numbers in the older form.
pub fn from_open_metrics(text: &str) -> String {
    let mut classic = String::with_capacity(text.len());
    let mut help = None;
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# HELP ") {
            // Which name it belongs to is known from the next line.
            help = told.split_once(' ').map(|(_, help)| help);
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|told| told.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                kind => ("", kind),
            };
            if let Some(help) = help.take() {
                let _ = writeln!(classic, "# HELP {name}{suffix} {help}");
            }
            let _ = writeln!(classic, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            classic.push_str(line);
            classic.push('\n');
        }
    }
    classic
}

#[cfg(test)]
mod tests {
    #[test]
    fn counters_and_infos_are_told_under_the_name_of_their_numbers() {
        let open = "# HELP a_seconds Time\n# TYPE a_seconds counter\n# UNIT a_seconds seconds\na_seconds_total 1.5\n\
             # HELP b B\n# TYPE b info\nb_info{v=\"# 1\"} 1\n# HELP c C\n# TYPE c gauge\nc{n=\"x\"} 2\n# EOF\n";
        let classic = "# HELP a_seconds_total Time\n# TYPE a_seconds_total counter\na_seconds_total 1.5\n\
             # HELP b_info B\n# TYPE b_info gauge\nb_info{v=\"# 1\"} 1\n# HELP c C\n# TYPE c gauge\nc{n=\"x\"} 2\n";
        assert_eq!(super::from_open_metrics(open), classic);
    }
}
