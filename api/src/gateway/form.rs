//! Forms (`multipart/form-data`): the one kind of body that carries a file.
//!
//! The rule is that of [`super::body`]: what is not replaced goes on byte for byte, and what two readers could read differently is
//! refused, so that no backend finds another `model` than this gateway did. The file is never copied: a changed form is a list of
//! pieces, of which all but the new ones are slices of what the caller sent.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;
use serde_json::{Map, Value};
use understudy_shared::Parameters;

mod head;

pub use head::boundary;

/// Fields that a form may have.
const MAX_FIELDS: usize = 1_000;

/// Why a form is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the form cannot be read: {0}")]
pub struct BadForm(pub &'static str);

/// A part could not be added: it contains the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContainsBoundary;

/// One field.
#[derive(Debug)]
struct Field {
    /// Its name.
    name: String,
    /// Whether it says that it is a file.
    file: bool,
    /// Where it lies, its delimiter included, up to the next delimiter.
    whole: Range<usize>,
    /// Where its value lies.
    value: Range<usize>,
}

/// A form that was read.
#[derive(Debug)]
pub struct Form<'a> {
    body: &'a Bytes,
    boundary: String,
    fields: Vec<Field>,
    /// Where the delimiter that ends the form begins.
    close: usize,
}

impl<'a> Form<'a> {
    /// Reads a form.
    ///
    /// # Errors
    /// If it is not whole, or two readers could read it differently.
    pub fn read(body: &'a Bytes, boundary: &str) -> Result<Self, BadForm> {
        let marker = format!("--{boundary}");
        let mut fields: Vec<Field> = Vec::new();
        // The field that is being read: where its delimiter begins, and where its head does.
        let mut open: Option<(usize, usize)> = None;
        let mut close = None;
        for at in memmem::find_iter(body, marker.as_bytes()) {
            let after = &body[at + marker.len()..];
            match place(&body[..at], after) {
                Place::Text => continue,
                Place::Unclear => {
                    return Err(BadForm(
                        "the boundary stands where only a delimiter of the form may stand",
                    ));
                }
                _ if close.is_some() => {
                    return Err(BadForm("it goes on behind its last delimiter"));
                }
                place => {
                    if let Some((start, head)) = open.take() {
                        // The line end before a delimiter belongs to the delimiter.
                        let end = at.checked_sub(2).filter(|end| *end >= head);
                        let end = end.ok_or(BadForm("a field has no head"))?;
                        fields.push(field(body, start, head, end, at)?);
                        if fields.len() > MAX_FIELDS {
                            return Err(BadForm("it has too many fields"));
                        }
                    }
                    if place == Place::Open {
                        open = Some((at, at + marker.len() + 2));
                    } else {
                        close = Some(at);
                    }
                }
            }
        }
        let close = close.ok_or(BadForm("its last delimiter is missing"))?;
        Ok(Self {
            body,
            boundary: boundary.to_owned(),
            fields,
            close,
        })
    }

    /// The text of a field that must not be there twice: two readers could choose differently.
    ///
    /// # Errors
    /// If it is there twice, is a file, or is no text.
    pub fn unique(&self, name: &str) -> Result<Option<&'a str>, &'static str> {
        let mut fields = self.fields.iter().filter(|field| field.name == name);
        let Some(field) = fields.next() else {
            return Ok(None);
        };
        if fields.next().is_some() {
            return Err("is in the body twice");
        }
        if field.file {
            return Err("must be text, not a file");
        }
        let text = std::str::from_utf8(&self.body[field.value.clone()]);
        text.map(Some).map_err(|_| "must be text")
    }

    /// Every field and its value, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let value = |field: &Field| field.value.clone();
        self.fields
            .iter()
            .map(move |field| (field.name.as_str(), &self.body[value(field)]))
    }

    /// The declaration of this form.
    pub fn content_type(&self) -> String {
        let boundary = &self.boundary;
        format!("multipart/form-data; boundary=\"{boundary}\"")
    }

    /// The form for one instance: its name of the model, and its parameters. Put together, the pieces are the body.
    ///
    /// A parameter becomes a field: texts as they are, numbers and truth values as JSON writes them, each element of a list as a
    /// field `name[]`, objects as JSON. `null` is no field at all.
    ///
    /// # Errors
    /// If something new contains the boundary, which the caller chose.
    pub fn for_instance(
        &self,
        model: &str,
        parameters: &Parameters,
    ) -> Result<Vec<Bytes>, ContainsBoundary> {
        let Parameters {
            defaults,
            overrides,
            strip,
        } = parameters;
        let mut out = Pieces {
            body: self.body,
            boundary: &self.boundary,
            pieces: Vec::with_capacity(4),
            from: 0,
        };
        for field in &self.fields {
            let name = plain(&field.name);
            if field.name == "model" {
                out.replace(field.value.clone(), model)?;
            } else if overrides.contains_key(name) || strip.iter().any(|other| other == name) {
                out.leave_out(field.whole.clone());
            }
        }
        let has = |name: &str| self.fields.iter().any(|field| plain(&field.name) == name);
        let absent = |name: &str| !overrides.contains_key(name) && !has(name);
        let defaults = defaults.iter().filter(|(name, _)| absent(name));
        for (name, value) in overrides.iter().chain(defaults) {
            out.add(self.close, name, value)?;
        }
        Ok(out.finish())
    }

    /// What an instance gets as a text field.
    pub fn effective<'p>(&self, name: &str, parameters: &'p Parameters) -> Option<Cow<'p, str>>
    where
        'a: 'p,
    {
        let text = |fields: &'p Map<String, Value>| fields.get(name).and_then(Value::as_str);
        if let Some(value) = text(&parameters.overrides) {
            return Some(value.into());
        }
        let stripped = parameters.strip.iter().any(|other| other == name);
        let own = self.unique(name).ok().flatten();
        own.filter(|_| !stripped)
            .or_else(|| text(&parameters.defaults))
            .map(Cow::Borrowed)
    }
}

/// What an occurrence of the boundary is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The beginning of a field.
    Open,
    /// The end of the form.
    Close,
    /// A part of a value: it does not begin a line.
    Text,
    /// Neither: some readers take it for a delimiter.
    Unclear,
}

fn place(before: &[u8], after: &[u8]) -> Place {
    match before.last() {
        None => {}
        Some(b'\n') if before.ends_with(b"\r\n") => {}
        Some(b'\n' | b'\r') => return Place::Unclear,
        Some(_) => return Place::Text,
    }
    if after.starts_with(b"\r\n") {
        Place::Open
    } else if after == b"--" || after.starts_with(b"--\r\n") {
        Place::Close
    } else {
        Place::Unclear
    }
}

fn field(
    body: &Bytes,
    start: usize,
    head: usize,
    end: usize,
    next: usize,
) -> Result<Field, BadForm> {
    let (name, file, length) = head::read(&body[head..end])?;
    Ok(Field {
        name,
        file,
        whole: start..next,
        value: head + length..end,
    })
}

/// The name under which parameters know a field: a list's fields are called `name[]`.
fn plain(name: &str) -> &str {
    name.strip_suffix("[]").unwrap_or(name)
}

/// A changed form that is being put together.
struct Pieces<'a> {
    body: &'a Bytes,
    boundary: &'a str,
    pieces: Vec<Bytes>,
    /// Up to here the caller's form was taken over, replaced or left out.
    from: usize,
}

impl Pieces<'_> {
    fn take_over(&mut self, to: usize) {
        if self.from < to {
            self.pieces.push(self.body.slice(self.from..to));
        }
        self.from = to;
    }

    fn replace(&mut self, range: Range<usize>, text: &str) -> Result<(), ContainsBoundary> {
        self.take_over(range.start);
        self.pieces.push(self.checked(text.to_owned())?);
        self.from = range.end;
        Ok(())
    }

    fn leave_out(&mut self, range: Range<usize>) {
        self.take_over(range.start);
        self.from = range.end;
    }

    /// Adds a parameter before the end of the form.
    fn add(&mut self, close: usize, name: &str, value: &Value) -> Result<(), ContainsBoundary> {
        self.take_over(close);
        match value {
            Value::Array(items) => {
                let name = format!("{name}[]");
                items.iter().try_for_each(|item| self.add_one(&name, item))
            }
            one => self.add_one(name, one),
        }
    }

    fn add_one(&mut self, name: &str, value: &Value) -> Result<(), ContainsBoundary> {
        let value = match value {
            Value::Null => return Ok(()),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        // As browsers write names.
        let name = name
            .replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A");
        let text = self.checked(format!(
            "Content-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        ))?;
        self.pieces.push(format!("--{}\r\n", self.boundary).into());
        self.pieces.push(text);
        Ok(())
    }

    fn checked(&self, text: String) -> Result<Bytes, ContainsBoundary> {
        if text.contains(&format!("--{}", self.boundary)) {
            return Err(ContainsBoundary);
        }
        Ok(text.into())
    }

    fn finish(mut self) -> Vec<Bytes> {
        self.take_over(self.body.len());
        self.pieces
    }
}

#[cfg(test)]
mod tests;
