//! The gateway's stream, read as a caller of `/v1` would read it: pieces of text, an error if the instance broke off, comments while nothing
//! comes.
//!
//! The rule: only text is a piece of the answer. What a model thinks before it (`reasoning_content`, `reasoning`) and calls of tools that
//! nobody offered are not shown, and do not break anything.

use serde::Deserialize;
use serde_json::Value;
use understudy_shared::FinishReason;

use crate::gateway::sse::{Decoder, EventTooLarge};
use crate::gateway::tokens::{self, Tokens};

/// Largest event: what the gateway lets through.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text.
    Text(String),
    /// The instance broke off, and what the gateway says of it.
    Broken(String),
    /// A sign of life: a comment, or something of the model that is no text.
    Life,
}

/// Reads the pieces of one stream.
#[derive(Debug)]
pub struct Pieces {
    decoder: Decoder,
    tokens: Option<Tokens>,
    finish_reason: Option<FinishReason>,
}

impl Default for Pieces {
    fn default() -> Self {
        Self {
            decoder: Decoder::new(MAX_EVENT),
            tokens: None,
            finish_reason: None,
        }
    }
}

impl Pieces {
    /// Takes a chunk.
    pub fn push(&mut self, chunk: &[u8]) {
        self.decoder.push(chunk);
    }

    /// What the events say that was counted.
    pub fn tokens(&self) -> Option<Tokens> {
        self.tokens
    }

    /// What the answer was cut off by, as far as its events say.
    pub fn finish_reason(&self) -> Option<FinishReason> {
        self.finish_reason
    }

    /// The next piece that is there.
    ///
    /// # Errors
    /// If an event is too large.
    pub fn next_piece(&mut self) -> Result<Option<Piece>, EventTooLarge> {
        let Some(event) = self.decoder.next_event()? else {
            return Ok(None);
        };
        let Some(data) = event.data else {
            return Ok(Some(Piece::Life));
        };
        self.tokens = tokens::of_event(&data).or(self.tokens);
        let Ok(chunk) = serde_json::from_slice::<Chunk>(&data) else {
            return Ok(Some(Piece::Life));
        };
        if let Some(error) = chunk.error {
            return Ok(Some(Piece::Broken(error.message)));
        }
        let Some(first) = chunk.choices.into_iter().flatten().next() else {
            return Ok(Some(Piece::Life));
        };
        self.finish_reason = cut_off_by(&first.finish_reason).or(self.finish_reason);
        let content = first.delta.and_then(|delta| delta.content);
        let text = content.map(Content::text).filter(|text| !text.is_empty());
        Ok(Some(text.map_or(Piece::Life, Piece::Text)))
    }
}

/// The text of a whole answer, and what it was cut off by. None if it is no answer of a chat.
pub fn of_whole(body: &[u8]) -> Option<(String, Option<FinishReason>)> {
    let whole: Whole = serde_json::from_slice(body).ok()?;
    let first = whole.choices.into_iter().next()?;
    let content = first.message?.content;
    let text = content.map(Content::text).unwrap_or_default();
    Some((text, cut_off_by(&first.finish_reason)))
}

fn cut_off_by(finish_reason: &Value) -> Option<FinishReason> {
    FinishReason::named(finish_reason.as_str()?)
}

/// As much of an event of the OpenAI protocol as is shown.
#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    error: Option<Interruption>,
    #[serde(default)]
    choices: Option<Vec<Choice>>,
}

#[derive(Deserialize)]
struct Interruption {
    #[serde(default)]
    message: String,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    delta: Option<Said>,
    // Whatever it is, the text beside it is read.
    #[serde(default)]
    finish_reason: Value,
}

#[derive(Deserialize)]
struct Whole {
    choices: Vec<WholeChoice>,
}

#[derive(Deserialize)]
struct WholeChoice {
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    finish_reason: Value,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Option<Content>,
}

/// A text, or parts of which some are text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<Part>),
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

impl Content {
    fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream: &str) -> Vec<Piece> {
        let mut pieces = Pieces::default();
        pieces.push(stream.as_bytes());
        std::iter::from_fn(|| pieces.next_piece().unwrap()).collect()
    }

    fn event(data: &str) -> Vec<Piece> {
        read(&format!("data: {data}\n\n"))
    }

    #[test]
    fn only_text_is_a_piece_of_the_answer() {
        let text = |text: &str| vec![Piece::Text(text.to_owned())];
        for (data, piece) in [
            (r#"{"choices":[{"delta":{"content":"a"}}]}"#, text("a")),
            (
                r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"type":"image"}]}}]}"#,
                text("a"),
            ),
            (
                r#"{"choices":[{"delta":{"content":""}}]}"#,
                vec![Piece::Life],
            ),
            (
                r#"{"choices":[{"delta":{"content":null,"reasoning_content":"hm"}}]}"#,
                vec![Piece::Life],
            ),
            (
                r#"{"choices":[{"delta":{"reasoning":"hm"}}]}"#,
                vec![Piece::Life],
            ),
            (
                r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f"}}]}}]}"#,
                vec![Piece::Life],
            ),
            (r#"{"choices":null}"#, vec![Piece::Life]),
            (
                r#"{"choices":[{"delta":{"content":7}}]}"#,
                vec![Piece::Life],
            ),
            ("[DONE]", vec![Piece::Life]),
            ("not json", vec![Piece::Life]),
            (
                r#"{"error":{"message":"gone"}}"#,
                vec![Piece::Broken("gone".to_owned())],
            ),
        ] {
            assert_eq!(event(data), piece, "{data}");
        }
        assert_eq!(read(": ping\n\n"), [Piece::Life]);
    }

    #[test]
    fn a_whole_answer_has_its_text_in_its_first_choice() {
        for (body, text) in [
            (
                r#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#,
                Some("a"),
            ),
            (
                r#"{"choices":[{"message":{"content":null,"tool_calls":[]}}]}"#,
                Some(""),
            ),
            (r#"{"choices":[]}"#, None),
            (r#"{"choices":[{}]}"#, None),
            ("{}", None),
            ("[]", None),
        ] {
            let read = of_whole(body.as_bytes()).map(|(text, _)| text);
            assert_eq!(read.as_deref(), text, "{body}");
        }
    }

    #[test]
    fn an_answer_that_was_cut_off_says_by_what() {
        for (said, expected) in [
            ("\"length\"", Some(FinishReason::Length)),
            ("\"content_filter\"", Some(FinishReason::ContentFilter)),
            ("\"stop\"", None),
            ("\"tool_calls\"", None),
            ("\"\"", None),
            ("null", None),
            ("7", None),
        ] {
            let mut pieces = Pieces::default();
            let last =
                format!(r#"{{"choices":[{{"delta":{{"content":"a"}},"finish_reason":{said}}}]}}"#);
            pieces.push(format!("data: {last}\n\ndata: {{\"choices\":[]}}\n\n").as_bytes());
            assert_eq!(pieces.next_piece(), Ok(Some(Piece::Text("a".to_owned()))));
            while pieces.next_piece().unwrap().is_some() {}
            assert_eq!(pieces.finish_reason(), expected, "{said}");
            let whole = format!(
                r#"{{"choices":[{{"message":{{"content":"a"}},"finish_reason":{said}}}]}}"#
            );
            let read = of_whole(whole.as_bytes()).unwrap();
            assert_eq!(read, ("a".to_owned(), expected), "{said}");
        }
    }

    #[test]
    fn what_was_counted_is_kept_from_whichever_event_says_it() {
        let mut pieces = Pieces::default();
        pieces.push(b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\ndata: [DONE]\n\n");
        while pieces.next_piece().unwrap().is_some() {}
        let tokens = pieces.tokens().unwrap();
        assert_eq!((tokens.prompt, tokens.completion), (3, 4));
    }
}
