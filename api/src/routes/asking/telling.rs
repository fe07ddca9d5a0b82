//! The text of the gateway's stream, collected and told on as it comes.

use bytes::{Bytes, BytesMut};
use understudy_shared::{AttemptOutcome, AttemptTrace, ProblemCode, ReasonCode};

use super::pieces::{Piece, Pieces};
use crate::error::ApiError;

/// Sent at once, so that the answer's head does not wait for its first text.
pub const BEGIN: &[u8] = b": the answer begins\n\n";
/// Sent for what is no text.
const LIFE: &[u8] = b": the instance is at work\n\n";

/// Tells on what has come: the event of each piece of text goes to the end of `out`, and the text to the end of `content`, which grows to
/// `most` bytes. `trace` is told if the instance broke off.
///
/// # Errors
/// If the answer ends here, since the instance broke off or says too much.
pub fn tell(
    pieces: &mut Pieces,
    content: &mut String,
    most: usize,
    trace: &mut [AttemptTrace],
    out: &mut BytesMut,
    event: impl Fn(String) -> Bytes,
) -> Result<(), ApiError> {
    let too_large = |_| interrupted("The instance sent more at once than is read here.");
    while let Some(piece) = pieces.next_piece().map_err(too_large)? {
        match piece {
            Piece::Text(mut text) => {
                let room = text.floor_char_boundary(most.saturating_sub(content.len()));
                let fits = room == text.len();
                text.truncate(room);
                content.push_str(&text);
                if !text.is_empty() {
                    out.extend_from_slice(&event(text));
                }
                if !fits {
                    return Err(too_long());
                }
            }
            // Keeps the connection alive, and tells whether somebody still listens.
            Piece::Life if out.is_empty() => out.extend_from_slice(LIFE),
            Piece::Life => {}
            Piece::Broken(message) => {
                breaks_off(trace);
                return Err(interrupted(message));
            }
        }
    }
    Ok(())
}

/// The instance that was answering broke off.
fn breaks_off(trace: &mut [AttemptTrace]) {
    let answered = |step: &&mut AttemptTrace| step.outcome == AttemptOutcome::Answered;
    if let Some(step) = trace.iter_mut().find(answered) {
        step.outcome = AttemptOutcome::Failed;
        step.code = ReasonCode::StreamInterrupted.to_string();
        step.reason = "its answer broke off".to_owned();
    }
}

/// The answer is longer than is kept.
pub fn too_long() -> ApiError {
    interrupted("The answer is longer than is kept here.")
}

/// The answer ends before it is whole.
pub fn interrupted(detail: impl Into<String>) -> ApiError {
    ApiError::new(ProblemCode::StreamInterrupted, detail)
}
