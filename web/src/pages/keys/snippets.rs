//! Requests that work as they stand, with the key that was just made: for the terminal and for the two SDKs that people use most.

/// A language of examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// A command for the terminal.
    Curl,
    /// The OpenAI SDK for Python.
    Python,
    /// The OpenAI SDK for JavaScript.
    JavaScript,
}

impl Example {
    /// Every example.
    pub const ALL: [Self; 3] = [Self::Curl, Self::Python, Self::JavaScript];

    /// Its name: that of a program or a language, the same everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
        }
    }

    /// The text. `origin` is that of this service, `model` the name of a group: letters, digits and `. _ : / -` only.
    pub fn text(self, origin: &str, key: &str, model: &str) -> String {
        match self {
            Self::Curl => format!(
                "curl {origin}/v1/chat/completions \\\n  \
                 -H 'Authorization: Bearer {key}' \\\n  \
                 -H 'Content-Type: application/json' \\\n  \
                 -d '{{\"model\": \"{model}\", \"messages\": [{{\"role\": \"user\", \"content\": \"Hello!\"}}]}}'"
            ),
            Self::Python => format!(
                "from openai import OpenAI\n\n\
                 client = OpenAI(\n    base_url=\"{origin}/v1\",\n    api_key=\"{key}\",\n)\n\
                 answer = client.chat.completions.create(\n    model=\"{model}\",\n    \
                 messages=[{{\"role\": \"user\", \"content\": \"Hello!\"}}],\n)\n\
                 print(answer.choices[0].message.content)"
            ),
            Self::JavaScript => format!(
                "import OpenAI from \"openai\";\n\n\
                 const client = new OpenAI({{\n  baseURL: \"{origin}/v1\",\n  apiKey: \"{key}\",\n}});\n\
                 const answer = await client.chat.completions.create({{\n  model: \"{model}\",\n  \
                 messages: [{{ role: \"user\", content: \"Hello!\" }}],\n}});\n\
                 console.log(answer.choices[0].message.content);"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_all_that_a_request_needs() {
        for example in Example::ALL {
            let text = example.text("https://ai.example", "us-secret", "chat-default");
            for part in [
                "https://ai.example/v1",
                "us-secret",
                "chat-default",
                "Hello!",
            ] {
                assert!(text.contains(part), "{example:?} lacks {part}:\n{text}");
            }
        }
    }

    #[test]
    fn the_command_sends_json() {
        let text = Example::Curl.text("http://127.0.0.1:8080", "us-secret", "a/b:c");
        let body = text
            .split("-d '")
            .nth(1)
            .and_then(|rest| rest.strip_suffix('\''));
        let body: serde_json::Value = serde_json::from_str(body.unwrap()).unwrap();
        assert_eq!(body["model"], "a/b:c");
    }
}
