//! How many tokens a backend says that it counted: `usage` of an answer or of an event, in the words of every endpoint.
//!
//! The rule: looked at, never changed, and asked for by callers alone, of which dialogs are one. Where a backend says nothing, nothing is known. An event is searched for the word
//! first, so that the many that do not have it cost next to nothing.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many tokens a backend says that it counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// Those of the request.
    pub prompt: u32,
    /// Those of the answer.
    pub completion: u32,
}

/// In a text inside of JSON the quotes would be escaped, so this is a name (or a text of this very word).
const WORD: &str = "\"usage\"";
static USAGE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(WORD));

/// The names of chats, completions and embeddings, and those of responses, images, speech and transcriptions. Some backends use both.
#[derive(Deserialize)]
struct Reported<'a> {
    #[serde(borrow, default)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow, default)]
    total_tokens: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    response: Option<&'a RawValue>,
}

/// Reads the value of `usage`. Whatever is no whole number, or too large to be true, is not known.
pub fn read(usage: &str) -> Option<Tokens> {
    let reported: Reported<'_> = serde_json::from_str(usage).ok()?;
    let number = |value: Option<&RawValue>| value?.get().parse::<u32>().ok();
    let either = |one, other| number(one).or_else(|| number(other));
    let prompt = either(reported.prompt_tokens, reported.input_tokens);
    let completion = either(reported.completion_tokens, reported.output_tokens);
    // Ranking and embedding have no answer in tokens, and some backends say only how many there were in all.
    let rest = || number(reported.total_tokens)?.checked_sub(completion.unwrap_or(0));
    match (prompt.or_else(rest), completion) {
        (None, None) => None,
        (prompt, completion) => Some(Tokens {
            prompt: prompt.unwrap_or(0),
            completion: completion.unwrap_or(0),
        }),
    }
}

/// Reads the data of an event, if it says something of tokens: beside its other fields, or inside of a `response`.
pub fn of_event(data: &[u8]) -> Option<Tokens> {
    let mut places = USAGE.find_iter(data);
    // Some backends have the word in each event, and null behind it in all but the last.
    places.find(|place| !is_null(&data[place + WORD.len()..]))?;
    let event: Event<'_> = serde_json::from_slice(data).ok()?;
    let nested = || {
        let response: Event<'_> = serde_json::from_str(event.response?.get()).ok()?;
        read(response.usage?.get())
    };
    event
        .usage
        .and_then(|usage| read(usage.get()))
        .or_else(nested)
}

/// Whether what stands behind a name is the value `null`.
fn is_null(behind: &[u8]) -> bool {
    let value = behind.trim_ascii_start();
    let value = value.strip_prefix(b":").unwrap_or(value);
    value.trim_ascii_start().starts_with(b"null")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(prompt: u32, completion: u32) -> Option<Tokens> {
        Some(Tokens { prompt, completion })
    }

    #[test]
    fn every_endpoint_has_its_words() {
        for (usage, expected) in [
            (
                r#"{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}"#,
                tokens(3, 4),
            ),
            (r#"{"prompt_tokens":3,"total_tokens":3}"#, tokens(3, 0)),
            (r#"{"total_tokens":9}"#, tokens(9, 0)),
            (r#"{"total_tokens":9,"completion_tokens":4}"#, tokens(5, 4)),
            (
                r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":10},"output_tokens":45}"#,
                tokens(14, 45),
            ),
            (
                r#"{"prompt_tokens":3,"input_tokens":3,"completion_tokens":4,"output_tokens":4}"#,
                tokens(3, 4),
            ),
            (r#"{"type":"duration","seconds":3}"#, None),
            (
                r#"{"prompt_tokens":null,"completion_tokens":2}"#,
                tokens(0, 2),
            ),
            (r#"{"prompt_tokens":-1,"completion_tokens":1e3}"#, None),
            (r#"{"prompt_tokens":99999999999}"#, None),
            (r#"{"prompt_tokens":"3"}"#, None),
            ("{}", None),
            ("null", None),
            ("[]", None),
            ("7", None),
        ] {
            assert_eq!(read(usage), expected, "{usage}");
        }
    }

    #[test]
    fn an_event_says_it_beside_its_fields_or_inside_of_a_response() {
        for (data, expected) in [
            (
                r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#,
                tokens(3, 4),
            ),
            (
                r#"{"type":"response.completed","response":{"id":"r","usage":{"input_tokens":3,"output_tokens":4}}}"#,
                tokens(3, 4),
            ),
            (
                r#"{"type":"response.created","response":{"usage" : null}}"#,
                None,
            ),
            (
                r#"{"choices":[{"delta":{"content":"a"}}],"usage":null}"#,
                None,
            ),
            (
                r#"{"usage":null,"response":{"usage":{"input_tokens":1,"output_tokens":2}}}"#,
                tokens(1, 2),
            ),
            // Words of the answer are not its usage.
            (
                r#"{"choices":[{"delta":{"content":"{\"usage\":{\"prompt_tokens\":1}}"}}]}"#,
                None,
            ),
            (
                r#"{"choices":[{"usage":{"prompt_tokens":1}}],"text":"usage"}"#,
                None,
            ),
            ("[DONE]", None),
            ("\"usage\"", None),
            ("{\"usage\"", None),
        ] {
            assert_eq!(of_event(data.as_bytes()), expected, "{data}");
        }
    }
}
