//! How many tokens a request has: at the least, to pass over instances whose declared context is surely too small; and in all
//! likelihood, to send as much of a dialog as fits.
//!
//! Every model counts differently, so the first is a bound and no count: nobody is passed over who might have answered. Images and sound,
//! whose bytes say nothing, do not count.

use serde_json::Value;

use super::body::Object;

/// Bytes of text that a token stands for at the most, as an average over a text. Common texts have three to five.
const BYTES_PER_TOKEN: u64 = 8;

/// Tokens that a request has at the least. `smallest` is the smallest context that matters: a request that is below it anyway is not
/// looked into.
pub fn least_tokens(object: &Object<'_>, smallest: u64) -> u64 {
    let field = |name| object.get(name).unwrap_or_default();
    let whole = ["messages", "prompt", "input"].map(field);
    let most = whole.iter().map(|text| text.len() as u64).max();
    // Numbers in a list take two bytes each, so a token may be as short as that.
    if most.unwrap_or_default() / 2 <= smallest {
        return 0;
    }
    let [messages, prompt, input] =
        whole.map(|text| serde_json::from_str(text).unwrap_or_default());
    let bytes = text_bytes(&messages);
    bytes
        .div_euclid(BYTES_PER_TOKEN)
        .max(longest(&prompt))
        .max(longest(&input))
}

/// Bytes of the text of a conversation.
fn text_bytes(messages: &Value) -> u64 {
    match messages {
        Value::Array(items) => items.iter().map(text_bytes).sum(),
        Value::Object(fields) => ["content", "text"]
            .into_iter()
            .filter_map(|name| fields.get(name))
            .map(|value| match value {
                Value::String(text) => text.len() as u64,
                nested => text_bytes(nested),
            })
            .sum(),
        _ => 0,
    }
}

/// Tokens of the longest of several texts: each has the context for itself. A list of numbers is a text in tokens.
fn longest(input: &Value) -> u64 {
    match input {
        Value::String(text) => text.len() as u64 / BYTES_PER_TOKEN,
        Value::Array(items) if items.iter().all(Value::is_number) => items.len() as u64,
        // The conversation of a response.
        Value::Array(items) if items.iter().any(Value::is_object) => {
            text_bytes(input) / BYTES_PER_TOKEN
        }
        Value::Array(items) => items.iter().map(longest).max().unwrap_or_default(),
        _ => 0,
    }
}

/// Tokens that a text has in all likelihood. For deciding what of a conversation is sent, where too little is better than too much: of common
/// texts it says about a tenth more than most models count; of text without words (hexadecimal, base64) up to a half less. Then the backend
/// refuses, and the caller sends less.
pub fn likely_tokens(text: &str) -> u64 {
    // Three and a half letters of English are a token, one and a half of other alphabets, and a sign of Chinese is more than one.
    let thirds: u64 = text
        .chars()
        .map(|c| match c {
            '\0'..='\x7f' => 0,
            '\u{80}'..='\u{2dff}' => 2,
            _ => 4,
        })
        .sum();
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    ascii * 2 / 7 + thirds / 3 + 1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn least(body: &Value, smallest: u64) -> u64 {
        let body = body.to_string();
        least_tokens(&Object::scan(body.as_bytes()).unwrap(), smallest)
    }

    #[test]
    fn a_likely_length_lies_between_the_bounds_of_common_texts() {
        for (text, least, most) in [
            (
                "The quick brown fox jumps over the lazy dog. ".repeat(100),
                1_000,
                1_400,
            ),
            (
                "Съешь же ещё этих мягких французских булок, да выпей чаю. ".repeat(100),
                1_900,
                4_000,
            ),
            ("日本語の文章です。".repeat(100), 700, 1_300),
        ] {
            let likely = likely_tokens(&text);
            assert!((least..=most).contains(&likely), "{likely}: {text:.40}");
        }
        assert_eq!(likely_tokens(""), 1);
    }

    #[test]
    fn only_text_counts_and_conversations_count_as_a_whole() {
        let image = format!("data:image/png;base64,{}", "A".repeat(100_000));
        let body = json!({"messages": [
            {"role": "system", "content": "x".repeat(400)},
            {"role": "user", "content": [
                {"type": "text", "text": "y".repeat(400)},
                {"type": "image_url", "image_url": {"url": image}},
            ]},
        ]});
        assert_eq!(least(&body, 10), 100);
    }

    #[test]
    fn each_of_several_inputs_has_the_context_for_itself() {
        let body = json!({"input": ["x".repeat(80), "x".repeat(800)]});
        assert_eq!(least(&body, 10), 100);
        assert_eq!(least(&json!({"prompt": [[1, 2, 3], vec![1; 50]]}), 10), 50);
        assert_eq!(least(&json!({"input": vec![7; 60]}), 10), 60);
    }

    #[test]
    fn a_response_counts_its_conversation_as_a_whole() {
        let body = json!({"input": [
            {"role": "user", "content": "x".repeat(400)},
            {"role": "user", "content": [{"type": "input_text", "text": "y".repeat(400)}]},
            {"type": "function_call_output", "call_id": "c", "output": "not looked into"},
        ]});
        assert_eq!(least(&body, 10), 100);
    }

    #[test]
    fn a_request_that_fits_anyway_is_not_looked_into() {
        let body = json!({"messages": [{"role": "user", "content": "x".repeat(800)}]});
        assert_eq!(least(&body, 10_000), 0);
        assert_eq!(least(&body, 10), 100);
    }
}
