//! A dialog as a file of Markdown, in pieces: a long one is never in memory as a whole.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use futures_util::{Stream, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::fmt::Write as _;
use understudy_shared::{AnswerState, DialogId, FinishReason, MessageRole};
use uuid::Uuid;

use super::{described, not_found};
use crate::auth::{OwnDialogs, Permitted};
use crate::db;
use crate::db::Pool;
use crate::db::dialogs::messages::{self, MessageRow};
use crate::domain::dialog::markdown::{escaped, quoted, time};
use crate::error::ApiError;
use crate::routes::extract::PathId;
use crate::state::AppState;

/// Messages that are read at once.
const BATCH: i64 = 50;
/// Characters of a file's name that come from the title.
const NAME: usize = 60;
/// What RFC 8187 lets through as it is.
const ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Export a dialog
///
/// As Markdown: every question and every answer with its time, and who gave it. What was said stands in quotations, so that no answer can
/// pass for a question; its HTML is written out as text.
#[utoipa::path(
    tag = "dialogs",
    security(("access_token" = [])),
    params(("id" = DialogId, Path, description = "Id of the dialog")),
    responses((status = 200, description = "The file", body = String, content_type = "text/markdown", headers(
        ("content-disposition" = String, description = "The name of the file"),
    ))),
)]
#[get("/api/v1/dialogs/{id}/export")]
pub async fn export_dialog(
    state: web::Data<AppState>,
    call: Permitted<OwnDialogs, PathId<DialogId>>,
) -> Result<HttpResponse, ApiError> {
    let Permitted(person, PathId(id)) = call;
    let mut conn = state.pool.get().await?;
    let stored = db::dialogs::get(&mut conn, person.id.0, id.0)
        .await?
        .ok_or_else(not_found)?;
    let dialog = described(&mut conn, person.id.0, stored, &state.gateway).await?;
    let title = match dialog.title.trim() {
        "" => "Dialog",
        title => title,
    };
    let (with, created) = (escaped(&dialog.target.title), time(dialog.created_at));
    let head = format!("# {}\n\nWith {with}, begun at {created}.\n", escaped(title));
    let export = Export {
        pool: state.pool.clone(),
        dialog: id.0,
        head: Some(head),
        after: -1,
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "text/markdown; charset=utf-8"))
        .insert_header((header::CONTENT_DISPOSITION, attachment(title)))
        .streaming(export.into_stream()))
}

/// The name of the file, for those who read RFC 8187 and for those who do not.
fn attachment(title: &str) -> String {
    let legal = |c: char| {
        let unusual =
            c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        if unusual { '_' } else { c }
    };
    let name: String = title.chars().take(NAME).map(legal).collect();
    let name = format!("{}.md", name.trim_matches(['.', ' ']));
    let ascii: String = name
        .chars()
        .map(|c| if c.is_ascii() && c != '%' { c } else { '_' })
        .collect();
    let encoded = utf8_percent_encode(&name, ATTR_CHAR);
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// An export that is under way.
struct Export {
    pool: Pool,
    dialog: Uuid,
    head: Option<String>,
    after: i32,
}

impl Export {
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, ApiError>> {
        stream::try_unfold(self, |mut export| async {
            let piece = export.piece().await?;
            Ok(piece.map(|piece| (piece, export)))
        })
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, ApiError> {
        if let Some(head) = self.head.take() {
            return Ok(Some(head.into()));
        }
        // A connection for each piece: a slow reader holds none.
        let mut conn = self.pool.get().await?;
        let rows = messages::piece(&mut conn, self.dialog, self.after, BATCH).await?;
        drop(conn);
        let Some(last) = rows.last() else {
            return Ok(None);
        };
        self.after = last.position;
        let mut text = String::new();
        for row in rows {
            write(&mut text, row)?;
        }
        Ok(Some(text.into()))
    }
}

fn write(out: &mut String, row: MessageRow) -> Result<(), ApiError> {
    let message = row.message(None)?;
    let at = time(message.created_at);
    let who = match (message.role, &message.instance) {
        (MessageRole::User, _) => "You".to_owned(),
        (MessageRole::Assistant, Some(instance)) => {
            format!("Answer of {}", escaped(&instance.name))
        }
        (MessageRole::Assistant, None) => "No answer".to_owned(),
    };
    // Nothing fails that writes to a text.
    let _ = writeln!(out, "\n## {who}, {at}\n");
    let note = match message.state {
        Some(AnswerState::Stopped) => Some("Stopped here.".to_owned()),
        Some(AnswerState::Interrupted | AnswerState::Failed) => {
            let problem = message.problem.map(|problem| escaped(&problem.detail));
            Some(problem.unwrap_or_else(|| "It broke off here.".to_owned()))
        }
        Some(AnswerState::Complete) | None => message.finish_reason.map(|reason| {
            let reason = match reason {
                FinishReason::Length => "Cut off here: it was as long as it may be.",
                FinishReason::ContentFilter => {
                    "Cut off here by a filter of whoever runs the model."
                }
            };
            reason.to_owned()
        }),
    };
    if !message.content.is_empty() {
        quoted(out, &message.content);
    }
    if message.left_out > 0 {
        let _ = writeln!(
            out,
            "\n*Without {} earlier messages, which did not fit.*",
            message.left_out
        );
    }
    if let Some(note) = note {
        let _ = writeln!(out, "\n*{note}*");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_called_as_its_dialog_for_every_browser() {
        assert_eq!(
            attachment("What is 2 + 2?"),
            "attachment; filename=\"What is 2 + 2_.md\"; filename*=UTF-8''What%20is%202%20%2B%202_.md"
        );
        assert_eq!(
            attachment("Да/нет"),
            "attachment; filename=\"______.md\"; filename*=UTF-8''%D0%94%D0%B0_%D0%BD%D0%B5%D1%82.md"
        );
        let hostile = attachment("a\"; filename=\"b\r\nx: y");
        assert!(!hostile.contains(['\r', '\n']), "{hostile}");
        assert_eq!(hostile.matches('"').count(), 2, "{hostile}");
    }
}
