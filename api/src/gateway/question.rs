//! What the gateway itself reads from a request, whichever endpoint it is for: who is asked, and what kind of answer is to come.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::Value;
use understudy_shared::{Capability, Parameters};

use super::body::{BodyError, Object, unquote};
use super::classify::{Effect, Failure};
use super::form::{BadForm, ContainsBoundary, Form, boundary};
use understudy_shared::ReasonCode;

/// A request's body.
#[derive(Debug)]
pub enum Body<'a> {
    /// A JSON object.
    Json(Object<'a>),
    /// A form with a file.
    Form(Form<'a>),
}

/// What is sent to an instance.
#[derive(Clone, Debug)]
pub enum Outgoing {
    /// A JSON object.
    Json(Bytes),
    /// A form in pieces, and its declaration.
    Form(String, Vec<Bytes>),
}

/// What the answer must be to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A JSON object, whole.
    Json,
    /// Text, whole; it may be empty, and it may be JSON.
    Text,
    /// Sound, whole.
    Audio,
    /// Sound, as it comes.
    AudioStream,
    /// Server-sent events.
    Events,
}

/// A request, as far as the gateway reads it.
#[derive(Debug)]
pub struct Question<'a> {
    /// What is asked for.
    pub endpoint: Capability,
    /// The whole body.
    pub body: Body<'a>,
    /// The group, or the assistant, asked for.
    pub model: Cow<'a, str>,
    /// Whether the answer is wanted as a stream, as far as `stream` says so.
    pub stream: bool,
    /// Bytes of the body.
    pub length: usize,
    /// What the answer is to have as its `model`; none for the group's name.
    pub answers_as: Option<&'a str>,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is not declared as what the endpoint takes, which is this.
    #[error("The body must be declared as `Content-Type: {0}`.")]
    MediaType(&'static str),
    /// Its JSON is at fault.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Its form is at fault.
    #[error(transparent)]
    Form(#[from] BadForm),
}

/// The kind of body that an endpoint takes.
pub fn media_type(endpoint: Capability) -> &'static str {
    match endpoint {
        Capability::Transcriptions => "multipart/form-data",
        _ => "application/json",
    }
}

/// Whether a body may be declared like this. Looked at before the body is read.
pub fn is_declared(endpoint: Capability, content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(media_type(endpoint))
}

impl<'a> Question<'a> {
    /// Reads a request's body.
    ///
    /// # Errors
    /// If it is not what the endpoint takes, has no `model`, or `model` or `stream` is of another type or there twice.
    pub fn read(
        endpoint: Capability,
        content_type: &str,
        body: &'a Bytes,
    ) -> Result<Self, Refused> {
        if !is_declared(endpoint, content_type) {
            return Err(Refused::MediaType(media_type(endpoint)));
        }
        match endpoint {
            Capability::Transcriptions => {
                let boundary = boundary(content_type)?.unwrap_or_default();
                Self::from_form(endpoint, Form::read(body, &boundary)?, body.len())
            }
            _ => Ok(Self::from_json(endpoint, body)?),
        }
    }

    fn from_json(endpoint: Capability, body: &'a Bytes) -> Result<Self, BodyError> {
        let object = Object::scan(body)?;
        let model = object
            .unique("model")?
            .ok_or(BodyError::Field("model", "is missing"))?;
        let model = unquote(model).ok_or(BodyError::Field("model", "must be a string"))?;
        let stream = match object.unique("stream")? {
            None | Some("null" | "false") => false,
            Some("true") => true,
            Some(_) => return Err(BodyError::Field("stream", "must be true or false")),
        };
        Ok(Self {
            endpoint,
            body: Body::Json(object),
            model,
            stream,
            length: body.len(),
            answers_as: None,
        })
    }

    fn from_form(endpoint: Capability, form: Form<'a>, length: usize) -> Result<Self, Refused> {
        let field = |name| form.unique(name).map_err(|why| BodyError::Field(name, why));
        let model = field("model")?.ok_or(BodyError::Field("model", "is missing"))?;
        let stream = match field("stream")? {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(_) => Err(BodyError::Field("stream", "must be true or false"))?,
        };
        Ok(Self {
            endpoint,
            model: Cow::Borrowed(model),
            stream,
            length,
            answers_as: None,
            body: Body::Form(form),
        })
    }

    /// The JSON object, if it is one.
    pub fn object(&self) -> Option<&Object<'a>> {
        match &self.body {
            Body::Json(object) => Some(object),
            Body::Form(_) => None,
        }
    }

    /// The body for one instance: its name of the model, and its parameters.
    ///
    /// # Errors
    /// If it cannot be put into the caller's form, which is no fault of the instance.
    pub fn for_instance(&self, model: &str, parameters: &Parameters) -> Result<Outgoing, Failure> {
        match &self.body {
            Body::Json(object) => Ok(Outgoing::Json(object.for_instance(model, parameters))),
            Body::Form(form) => match form.for_instance(model, parameters) {
                Ok(pieces) => Ok(Outgoing::Form(form.content_type(), pieces)),
                Err(ContainsBoundary) => Err(Failure {
                    effect: Effect::None,
                    ..Failure::unsent(
                        ReasonCode::Misconfigured,
                        "its parameters contain the boundary of the form",
                    )
                }),
            },
        }
    }

    /// Whether the caller wants the answer as it comes.
    pub fn is_streamed(&self) -> bool {
        let expected = self.expected(&Parameters::default());
        matches!(expected, Expected::Events | Expected::AudioStream)
    }

    /// What an answer of an instance with these parameters must be.
    pub fn expected(&self, parameters: &Parameters) -> Expected {
        match self.endpoint {
            // These have no streams, whatever the body says.
            Capability::Embeddings | Capability::Rerank | Capability::Moderations => Expected::Json,
            Capability::Speech => match self.text("stream_format", parameters).as_deref() {
                Some("sse") => Expected::Events,
                Some(_) => Expected::AudioStream,
                None if self.stream => Expected::AudioStream,
                None => Expected::Audio,
            },
            _ if self.stream => Expected::Events,
            Capability::Transcriptions => {
                match self.text("response_format", parameters).as_deref() {
                    // `json`, `verbose_json`, `diarized_json`
                    None => Expected::Json,
                    Some(format) if format.ends_with("json") => Expected::Json,
                    Some(_) => Expected::Text,
                }
            }
            _ => Expected::Json,
        }
    }

    /// A text of the body as an instance with these parameters gets it.
    fn text<'p>(&'p self, name: &str, parameters: &'p Parameters) -> Option<Cow<'p, str>> {
        match &self.body {
            Body::Form(form) => form.effective(name, parameters),
            Body::Json(object) => {
                let text = |value: Option<&'p Value>| value.and_then(Value::as_str).map(Cow::from);
                if let Some(forced) = parameters.overrides.get(name) {
                    return text(Some(forced));
                }
                let stripped = parameters.strip.iter().any(|other| other == name);
                match object.get(name) {
                    Some(_) if stripped => None,
                    Some(own) => unquote(own),
                    None => text(parameters.defaults.get(name)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn expected(endpoint: Capability, body: &Value, parameters: &Value) -> Expected {
        let mut body = body.clone();
        body["model"] = "group".into();
        let body = Bytes::from(body.to_string());
        let parameters: Parameters = serde_json::from_value(parameters.clone()).unwrap();
        Question::read(endpoint, "application/json", &body)
            .unwrap()
            .expected(&parameters)
    }

    #[test]
    fn what_an_answer_must_be_is_for_the_endpoint_and_the_caller_to_say() {
        let plain = |endpoint, body: Value| expected(endpoint, &body, &json!({}));
        let stream = json!({"stream": true});
        for endpoint in Capability::ALL {
            match endpoint {
                Capability::Transcriptions => continue,
                Capability::Speech => {
                    assert_eq!(plain(endpoint, json!({})), Expected::Audio);
                    assert_eq!(plain(endpoint, stream.clone()), Expected::AudioStream);
                }
                Capability::Embeddings | Capability::Rerank | Capability::Moderations => {
                    assert_eq!(plain(endpoint, stream.clone()), Expected::Json);
                }
                _ => {
                    assert_eq!(plain(endpoint, json!({})), Expected::Json);
                    assert_eq!(plain(endpoint, stream.clone()), Expected::Events);
                }
            }
        }
        let speech = |format: &str, parameters: Value| {
            let body = json!({"stream_format": format});
            expected(Capability::Speech, &body, &parameters)
        };
        assert_eq!(speech("sse", json!({})), Expected::Events);
        assert_eq!(speech("audio", json!({})), Expected::AudioStream);
        // What the instance is asked for is what counts.
        let strip = json!({"strip": ["stream_format"]});
        assert_eq!(speech("sse", strip), Expected::Audio);
        let force = json!({"overrides": {"stream_format": "audio"}});
        assert_eq!(speech("sse", force), Expected::AudioStream);
    }

    #[test]
    fn a_transcription_is_a_form_and_text_only_where_text_was_asked_for() {
        let read = |fields: &[(&str, &str)]| {
            let mut text = String::new();
            for (name, value) in fields {
                text += &format!(
                    "--b\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n"
                );
            }
            let body = Bytes::from(text + "--b--");
            let read = Question::read(
                Capability::Transcriptions,
                "multipart/form-data; boundary=b",
                &body,
            );
            read.map(|question| {
                assert_eq!(question.model, "g");
                question.expected(&Parameters::default())
            })
        };
        let model = ("model", "g");
        assert_eq!(read(&[model]), Ok(Expected::Json));
        assert_eq!(read(&[model, ("stream", "True")]), Ok(Expected::Events));
        assert_eq!(read(&[model, ("stream", "false")]), Ok(Expected::Json));
        let format = |format| read(&[("response_format", format), model]);
        assert_eq!(format("verbose_json"), Ok(Expected::Json));
        for text in ["text", "srt", "vtt"] {
            assert_eq!(format(text), Ok(Expected::Text));
        }
        let at_fault = |field, why| Err(Refused::Body(BodyError::Field(field, why)));
        assert_eq!(read(&[]), at_fault("model", "is missing"));
        assert_eq!(
            read(&[model, model]),
            at_fault("model", "is in the body twice")
        );
        assert_eq!(
            read(&[model, ("stream", "maybe")]),
            at_fault("stream", "must be true or false")
        );
    }

    #[test]
    fn each_endpoint_takes_one_kind_of_body() {
        let body = Bytes::from_static(b"{\"model\":\"g\"}");
        for endpoint in Capability::ALL {
            let other = match endpoint {
                Capability::Transcriptions => "application/json",
                _ => "multipart/form-data; boundary=b",
            };
            let refused = Question::read(endpoint, other, &body).unwrap_err();
            assert_eq!(refused, Refused::MediaType(media_type(endpoint)));
        }
    }
}
