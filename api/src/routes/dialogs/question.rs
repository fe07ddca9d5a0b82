//! A question on its way into a dialog: stored, with the lease for its answer, and what of the dialog goes with it.
//!
//! The rule: all of it is one transaction, in which the dialog is locked. Nobody else begins an answer meanwhile, and a question is stored
//! only if somebody goes on to ask it; one in place of another only when it is answered.

use std::sync::Arc;

use bytes::Bytes;
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::{Map, Value, json};
use understudy_shared::{FieldRule, MessageRole, ModelGroupId, ProblemCode};
use uuid::Uuid;

use super::not_found;
use super::target::{self, Found};
use crate::answers::{Asked, Keeps};
use crate::db;
use crate::db::dialogs::messages::{self, MessageRow, Said};
use crate::db::dialogs::{ChosenTarget, DialogRow, lease};
use crate::db::time::now;
use crate::domain::dialog::context::{Room, Turn};
use crate::error::ApiError;
use crate::gateway::snapshot::{Group, Snapshot};
use crate::routes::asking;
use crate::state::AppState;

/// Messages that a dialog may have.
const MAX_MESSAGES: i64 = 10_000;
/// Messages that are looked at first for what of them goes along; then twice as many each time, since most dialogs are short, and an answer may
/// be long.
const BATCH: i64 = 8;
/// And at the most.
const LARGEST_BATCH: i64 = 64;

/// What is asked.
pub(super) enum Question {
    /// A new question; or one in place of an earlier one and of all that came after it, once it is answered.
    New {
        content: String,
        replaces: Option<Uuid>,
    },
    /// One that is there, named by itself or by an answer of it.
    Again(Uuid),
}

/// A question with all that goes with it.
pub(super) struct Prepared {
    pub snapshot: Arc<Snapshot>,
    pub group: Arc<Group>,
    pub left_out: u32,
    content: String,
    system: String,
    parameters: Map<String, Value>,
    /// Earlier turns in their order.
    turns: Vec<Turn>,
}

impl Prepared {
    /// The request's body. Fields of the assistant are those that nobody else sets: the dialog's own come first, and what an instance forces
    /// comes last.
    pub fn body(&self, stream: bool) -> Bytes {
        let say = |role: &str, content: &str| json!({"role": role, "content": content});
        let mut said = Vec::with_capacity(self.turns.len() * 2 + 2);
        if !self.system.is_empty() {
            said.push(say("system", &self.system));
        }
        for turn in &self.turns {
            said.push(say("user", &turn.question));
            said.push(say("assistant", &turn.answer));
        }
        said.push(say("user", &self.content));
        let mut body = self.parameters.clone();
        body.insert("model".to_owned(), json!(self.group.name));
        body.insert("messages".to_owned(), Value::Array(said));
        body.insert("stream".to_owned(), json!(stream));
        if stream {
            // Nobody but this service reads the stream, and it knows that event.
            body.insert("stream_options".to_owned(), json!({"include_usage": true}));
        }
        Bytes::from(Value::Object(body).to_string())
    }

    /// Leaves out the older half of what goes along, or all of it: whether there was any.
    pub fn shorten(&mut self, all: bool) -> bool {
        let turns = self.turns.len();
        let out = if all { turns } else { turns.div_ceil(2) };
        self.turns.drain(..out);
        self.left_out += messages_of(out);
        out > 0
    }
}

fn messages_of(turns: usize) -> u32 {
    u32::try_from(turns * 2).unwrap_or(u32::MAX)
}

/// Stores a question that is new, takes the lease for its answer, and collects what goes with it.
pub(super) async fn prepare(
    state: &AppState,
    person: Uuid,
    dialog: Uuid,
    question: &Question,
    answer: Uuid,
) -> Result<(Prepared, Asked), ApiError> {
    if let Some(prepared) = prepare_known(state, person, dialog, question, answer).await? {
        return Ok(prepared);
    }
    // The reload takes a connection of its own, and a moment: a transaction waits for neither.
    state.gateway.refreshed().await;
    let prepared = prepare_known(state, person, dialog, question, answer).await?;
    prepared.ok_or_else(|| {
        let detail = "The group is not known here yet; try again shortly.";
        ApiError::new(ProblemCode::NoInstanceAvailable, detail)
    })
}

/// The same, unless another replica has made the group so lately that nobody knows it here.
async fn prepare_known(
    state: &AppState,
    person: Uuid,
    dialog: Uuid,
    question: &Question,
    answer: Uuid,
) -> Result<Option<(Prepared, Asked)>, ApiError> {
    let mut conn = state.pool.get().await?;
    conn.transaction::<_, ApiError, _>(async |conn| {
        let stored = db::dialogs::lock(conn, person, dialog)
            .await?
            .ok_or_else(not_found)?;
        if stored.answering {
            let detail = "An answer is being given in this dialog; wait for it, or stop it.";
            return Err(ApiError::new(ProblemCode::AnswerUnderWay, detail));
        }
        let row = stored.row;
        let targets = db::dialogs::targets(conn, person, std::iter::once(&row)).await?;
        let found = target::found(&row, &targets);
        let Some(id) = found.group.map(|group| ModelGroupId(group.row.id)) else {
            return Err(target::gone(row.target_kind()?, &found, &row));
        };
        let Some((snapshot, group)) = asking::known(state, id) else {
            return Ok(None);
        };
        let (asked, content) = match question {
            Question::New { content, replaces } => {
                let asked = match replaces {
                    Some(replaced) => edit(conn, dialog, content, *replaced).await?,
                    None => store(conn, dialog, content).await?,
                };
                (asked, content.clone())
            }
            Question::Again(message) => again(conn, dialog, *message).await?,
        };
        remember_names(conn, &row, &found).await?;
        lease::take(conn, dialog, answer).await?;
        let (system, parameters) = match found.assistant {
            Some(assistant) => (assistant.system_prompt.clone(), assistant.parameters()?),
            None => Default::default(),
        };
        let room = Room::beside(
            target::smallest_context(&group),
            &system,
            &content,
            longest_answer(&parameters),
        );
        let (turns, left_out) = earlier(conn, dialog, asked.position, room).await?;
        let prepared = Prepared {
            snapshot,
            group,
            left_out,
            content,
            system,
            parameters,
            turns,
        };
        Ok(Some((prepared, asked)))
    })
    .await
}

/// Stores a new question behind all others.
async fn store(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    content: &str,
) -> Result<Asked, ApiError> {
    let position = messages::next_position(conn, dialog).await?;
    has_room(conn, dialog, position).await?;
    let question = MessageRow::question(dialog, position, content, now());
    messages::insert_question(conn, &question).await?;
    Ok(Asked {
        id: question.id,
        position,
        keeps: Keeps::Nothing,
        edit: None,
    })
}

/// A question in place of another one, which stays until there is an answer.
async fn edit(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    content: &str,
    replaces: Uuid,
) -> Result<Asked, ApiError> {
    let replaced = match messages::get(conn, dialog, replaces).await? {
        Some(row) if row.role()? == MessageRole::User => row,
        _ => return Err(ApiError::field("/replaces", FieldRule::UnknownQuestion)),
    };
    let position = replaced.position;
    has_room(conn, dialog, position).await?;
    let question = MessageRow::question(dialog, position, content, now());
    Ok(Asked {
        id: question.id,
        position,
        keeps: worth_behind(conn, dialog, position).await?,
        edit: Some(Box::new(question)),
    })
}

/// Whether there is room for a question at this place, and for its answer.
async fn has_room(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> Result<(), ApiError> {
    if messages::count_before(conn, dialog, position).await? + 2 <= MAX_MESSAGES {
        return Ok(());
    }
    let detail = format!(
        "A dialog has room for {MAX_MESSAGES} messages, and this one is full; begin another one."
    );
    Err(ApiError::new(ProblemCode::LimitReached, detail))
}

/// What stands behind the question at this place.
async fn worth_behind(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
) -> Result<Keeps, ApiError> {
    let behind = messages::after(conn, dialog, position, 2).await?;
    let worth = |row: &MessageRow| -> Result<Keeps, ApiError> {
        Ok(Keeps::of(row.state()?, row.finish_reason()?, &row.content))
    };
    Ok(match behind.as_slice() {
        [] => Keeps::Nothing,
        [one] => worth(one)?,
        // Whatever the answer was worth, what was said later is worth something.
        [one, ..] => worth(one)?.max(Keeps::Part),
    })
}

/// The question that is asked again, and its text.
async fn again(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    message: Uuid,
) -> Result<(Asked, String), ApiError> {
    let unknown = || ApiError::not_found("message with this id in this dialog");
    let named = messages::get(conn, dialog, message)
        .await?
        .ok_or_else(unknown)?;
    let question = match named.role()? {
        MessageRole::User => named,
        MessageRole::Assistant => messages::at(conn, dialog, named.position - 1)
            .await?
            .ok_or_else(unknown)?,
    };
    let asked = Asked {
        id: question.id,
        position: question.position,
        keeps: worth_behind(conn, dialog, question.position).await?,
        edit: None,
    };
    Ok((asked, question.content))
}

/// What is gone later is shown by the name that it had when it was asked last.
async fn remember_names(
    conn: &mut AsyncPgConnection,
    row: &DialogRow,
    found: &Found<'_>,
) -> Result<(), ApiError> {
    let Some((name, title)) = found.names() else {
        return Ok(());
    };
    if (name, title) != (&row.target_name, &row.target_title) {
        let target = ChosenTarget {
            group_id: row.group_id,
            assistant_id: row.assistant_id,
            target_kind: row.target_kind()?.as_str(),
            target_name: name.clone(),
            target_title: title.clone(),
        };
        db::dialogs::set_target(conn, row.id, &target, now()).await?;
    }
    Ok(())
}

/// How long the answer may be, if the assistant says so.
fn longest_answer(parameters: &Map<String, Value>) -> Option<u64> {
    let number = |name: &str| parameters.get(name).and_then(Value::as_u64);
    number("max_completion_tokens").or_else(|| number("max_tokens"))
}

/// Turns before this place that there is room for, in their order, and how many messages of such turns there is no room for. A question that
/// nobody has answered with a text is no turn, and does not go along.
async fn earlier(
    conn: &mut AsyncPgConnection,
    dialog: Uuid,
    position: i32,
    mut room: Room,
) -> Result<(Vec<Turn>, u32), ApiError> {
    let mut turns = Vec::new();
    let mut answer: Option<Said> = None;
    let mut before = position;
    let mut batch = BATCH;
    loop {
        let rows = messages::before(conn, dialog, before, batch).await?;
        batch = (batch * 2).min(LARGEST_BATCH);
        let Some(last) = rows.last() else { break };
        before = last.position;
        for row in rows {
            if row.role()? == MessageRole::Assistant {
                answer = Some(row).filter(|row| !row.content.is_empty());
                continue;
            }
            let Some(answer) = answer.take() else {
                continue;
            };
            let turn = Turn {
                question: row.content,
                answer: answer.content,
            };
            if !room.take(&turn) {
                let left = messages::answers_before(conn, dialog, answer.position + 1).await?;
                turns.reverse();
                return Ok((
                    turns,
                    messages_of(usize::try_from(left).unwrap_or_default()),
                ));
            }
            turns.push(turn);
        }
    }
    turns.reverse();
    Ok((turns, 0))
}
