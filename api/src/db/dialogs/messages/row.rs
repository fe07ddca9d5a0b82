//! Messages as they are stored.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use serde_json::Value;
use understudy_shared::{
    AnswerProblem, AnswerState, AttemptTrace, FinishReason, InstanceRef, Message, MessageId,
    MessageRole, ModelInstanceId,
};
use uuid::Uuid;

use crate::db::convert::{from_json, named, number, to_json};
use crate::db::schema::dialog_messages;

/// A message as stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = dialog_messages, check_for_backend(Pg))]
pub struct MessageRow {
    /// Id.
    pub id: Uuid,
    /// The dialog.
    pub dialog_id: Uuid,
    /// Its place in the dialog.
    pub position: i32,
    role: String,
    /// What is said.
    pub content: String,
    state: Option<String>,
    problem_code: Option<String>,
    problem_detail: Option<String>,
    instance_id: Option<Uuid>,
    instance_name: Option<String>,
    trace: Value,
    left_out: i32,
    first_byte_ms: Option<i64>,
    duration_ms: Option<i64>,
    prompt_tokens: Option<i64>,
    completion_tokens: Option<i64>,
    /// When.
    pub created_at: DateTime<Utc>,
    finish_reason: Option<String>,
}

/// What of a message is sent on with a later question.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = dialog_messages, check_for_backend(Pg))]
pub struct Said {
    /// Its place in the dialog.
    pub position: i32,
    role: String,
    /// What is said.
    pub content: String,
}

impl Said {
    /// Who says it.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn role(&self) -> QueryResult<MessageRole> {
        named(&self.role)
    }
}

/// PostgreSQL keeps no zero characters, and a model may say them.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl MessageRow {
    /// A question.
    pub fn question(dialog_id: Uuid, position: i32, content: &str, at: DateTime<Utc>) -> Self {
        Self {
            id: Uuid::now_v7(),
            dialog_id,
            position,
            role: MessageRole::User.as_str().to_owned(),
            content: content.to_owned(),
            state: None,
            problem_code: None,
            problem_detail: None,
            instance_id: None,
            instance_name: None,
            trace: Value::Array(Vec::new()),
            left_out: 0,
            first_byte_ms: None,
            duration_ms: None,
            prompt_tokens: None,
            completion_tokens: None,
            created_at: at,
            finish_reason: None,
        }
    }

    /// An answer.
    ///
    /// # Errors
    /// Only if a number does not fit.
    pub fn answer(dialog_id: Uuid, position: i32, message: &Message) -> QueryResult<Self> {
        let wide = |value: Option<u64>| value.map(number).transpose();
        let problem = message.problem.as_ref();
        let code = problem.map(|problem| to_json(&problem.code)).transpose()?;
        let trace = message.trace.iter().map(|step| AttemptTrace {
            reason: storable(&step.reason),
            ..step.clone()
        });
        Ok(Self {
            id: message.id.0,
            dialog_id,
            position,
            role: message.role.as_str().to_owned(),
            content: storable(&message.content),
            state: message.state.map(|state| state.as_str().to_owned()),
            problem_code: code.and_then(|code| code.as_str().map(str::to_owned)),
            problem_detail: problem.map(|problem| storable(&problem.detail)),
            instance_id: message.instance.as_ref().map(|one| one.instance_id.0),
            instance_name: message.instance.as_ref().map(|one| one.name.clone()),
            trace: to_json(&trace.collect::<Vec<_>>())?,
            left_out: number(message.left_out)?,
            first_byte_ms: wide(message.first_byte_ms)?,
            duration_ms: wide(message.duration_ms)?,
            prompt_tokens: wide(message.prompt_tokens)?,
            completion_tokens: wide(message.completion_tokens)?,
            created_at: message.created_at,
            finish_reason: message
                .finish_reason
                .map(|reason| reason.as_str().to_owned()),
        })
    }

    /// Who says it.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn role(&self) -> QueryResult<MessageRole> {
        named(&self.role)
    }

    /// What became of the answer.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn state(&self) -> QueryResult<Option<AnswerState>> {
        self.state.as_deref().map(named).transpose()
    }

    /// What the answer was cut off by.
    ///
    /// # Errors
    /// If the column holds something else.
    pub fn finish_reason(&self) -> QueryResult<Option<FinishReason>> {
        self.finish_reason.as_deref().map(named).transpose()
    }

    /// The message as an answer shows it. `in_reply_to` is the question before it.
    ///
    /// # Errors
    /// If a column holds something else.
    pub fn message(self, in_reply_to: Option<Uuid>) -> QueryResult<Message> {
        let wide = |value: Option<i64>| value.map(number).transpose();
        let problem = match (&self.problem_code, self.problem_detail.clone()) {
            (Some(code), Some(detail)) => Some(AnswerProblem {
                code: named(code)?,
                detail,
            }),
            _ => None,
        };
        let instance = self.instance_id.zip(self.instance_name.clone());
        let role = self.role()?;
        Ok(Message {
            id: MessageId(self.id),
            role,
            state: self.state()?,
            finish_reason: self.finish_reason()?,
            problem,
            in_reply_to: in_reply_to
                .filter(|_| role == MessageRole::Assistant)
                .map(MessageId),
            instance: instance.map(|(id, name)| InstanceRef {
                instance_id: ModelInstanceId(id),
                name,
            }),
            trace: from_json(&self.trace)?,
            left_out: number(self.left_out)?,
            first_byte_ms: wide(self.first_byte_ms)?,
            duration_ms: wide(self.duration_ms)?,
            prompt_tokens: wide(self.prompt_tokens)?,
            completion_tokens: wide(self.completion_tokens)?,
            content: self.content,
            created_at: self.created_at,
        })
    }
}
