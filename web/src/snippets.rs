//! Requests that work as they stand: what programs are told to call this service with. The one place of them for all pages.
//!
//! Rule: every text is run by a test as it stands (`tests/browser/connect.rs`), or says in `docs/decisions/0031-close-at-hand.md` how it was tried.

/// What stands in place of a key that is not known.
pub const NO_KEY: &str = "us-YOUR-KEY";

/// How an assistant is named in place of a group.
pub const ASSISTANT: &str = "assistant/…";

/// A program or a language of examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example {
    /// A command for the terminal.
    Curl,
    /// The OpenAI SDK for Python.
    Python,
    /// The OpenAI SDK for JavaScript.
    JavaScript,
    /// LangChain for Python.
    LangChain,
    /// Open WebUI, by its variables.
    OpenWebUi,
}

impl Example {
    /// Every example.
    pub const ALL: [Self; 5] = [
        Self::Curl,
        Self::Python,
        Self::JavaScript,
        Self::LangChain,
        Self::OpenWebUi,
    ];
    /// Those with which a new key is tried out.
    pub const FIRST: [Self; 3] = [Self::Curl, Self::Python, Self::JavaScript];

    /// Its name: that of a program or a language, the same everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::LangChain => "LangChain",
            Self::OpenWebUi => "Open WebUI",
        }
    }

    /// Its name for tests and in the address.
    pub fn value(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::LangChain => "langchain",
            Self::OpenWebUi => "open-webui",
        }
    }

    /// What has to be installed before, if anything has.
    pub fn install(self) -> Option<&'static str> {
        match self {
            Self::Curl | Self::OpenWebUi => None,
            Self::Python => Some("pip install openai"),
            Self::JavaScript => Some("npm install openai"),
            Self::LangChain => Some("pip install langchain-openai"),
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
            Self::LangChain => format!(
                "from langchain_openai import ChatOpenAI\n\n\
                 model = ChatOpenAI(\n    base_url=\"{origin}/v1\",\n    api_key=\"{key}\",\n    model=\"{model}\",\n)\n\
                 print(model.invoke(\"Hello!\").content)"
            ),
            Self::OpenWebUi => format!(
                "docker run -d --name open-webui -p 3000:8080 \\\n  \
                 -e OPENAI_API_BASE_URL='{origin}/v1' \\\n  \
                 -e OPENAI_API_KEY='{key}' \\\n  \
                 -e DEFAULT_MODELS='{model}' \\\n  \
                 -e ENABLE_OLLAMA_API=false \\\n  \
                 -v open-webui:/app/backend/data \\\n  \
                 ghcr.io/open-webui/open-webui:main"
            ),
        }
    }
}

/// Whether an address leads nowhere from another machine or from inside a container.
pub fn is_this_machine(origin: &str) -> bool {
    let host = origin.split("://").nth(1).unwrap_or(origin);
    ["localhost", "127.", "[::1]"]
        .iter()
        .any(|own| host.starts_with(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_has_all_that_a_request_needs() {
        for example in Example::ALL {
            let text = example.text("https://ai.example", "us-secret", "chat-default");
            for part in ["https://ai.example/v1", "us-secret", "chat-default"] {
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

    #[test]
    fn addresses_that_only_this_machine_knows_are_told() {
        for own in [
            "http://127.0.0.1:8080",
            "http://localhost",
            "https://[::1]:1",
        ] {
            assert!(is_this_machine(own), "{own}");
        }
        assert!(!is_this_machine("https://ai.example"));
    }
}
