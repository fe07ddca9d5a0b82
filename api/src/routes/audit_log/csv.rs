//! Lines of CSV (RFC 4180) that a spreadsheet shows and does not run.
//!
//! A name is whatever somebody chose, and a spreadsheet takes a cell that begins with `=` for a formula. Such a cell gets an
//! apostrophe before it, which spreadsheets read as «this is text». Every cell is quoted, so that none is cut in two where another
//! separator is usual.

use understudy_shared::AuditRecord;

/// The names of the columns.
const COLUMNS: [&str; 13] = [
    "id",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "address",
    "action",
    "target_kind",
    "target_id",
    "target_name",
    "outcome",
    "request_id",
    "changes",
];

/// The first line.
pub(super) fn head(text: &mut String) {
    line(text, &COLUMNS);
}

/// The line of a record. What changed is JSON in one cell.
pub(super) fn record(text: &mut String, record: &AuditRecord) -> serde_json::Result<()> {
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let (actor, target) = (&record.actor, &record.target);
    let cells = [
        &record.id.to_string(),
        &record
            .at
            .to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        actor.kind.as_str(),
        &id(actor.id),
        actor.name.as_deref().unwrap_or_default(),
        record.address.as_deref().unwrap_or_default(),
        &record.action,
        &target.kind,
        &id(target.id),
        target.name.as_deref().unwrap_or_default(),
        record.outcome.as_str(),
        record.request_id.as_deref().unwrap_or_default(),
        &serde_json::to_string(&record.changes)?,
    ];
    line(text, &cells);
    Ok(())
}

fn line(text: &mut String, cells: &[&str]) {
    for (index, cell) in cells.iter().enumerate() {
        text.push_str(if index == 0 { "\"" } else { ",\"" });
        if cell.starts_with(is_dangerous) {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push_str("\r\n");
}

/// What a cell must not begin with; some spreadsheets take the wide forms for the plain ones.
fn is_dangerous(first: char) -> bool {
    matches!(
        first,
        '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        let mut text = String::new();
        line(
            &mut text,
            &[
                "plain",
                "",
                "a \"b\", c\n",
                "=1+1",
                "-2",
                "@x",
                "\tx",
                "＝1",
                "a=b",
            ],
        );
        assert_eq!(
            text,
            "\"plain\",\"\",\"a \"\"b\"\", c\n\",\"'=1+1\",\"'-2\",\"'@x\",\"'\tx\",\"'＝1\",\"a=b\"\r\n"
        );
    }
}
