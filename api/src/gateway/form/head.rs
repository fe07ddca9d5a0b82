//! The head of a form and the heads of its fields, read strictly: names decide what the gateway does.

use memchr::memmem;

use super::BadForm;

/// Largest head of a field.
const MAX_HEAD: usize = 8 * 1024;
/// Longest boundary.
const MAX_BOUNDARY: usize = 70;

type Param<'a> = (&'a str, &'a str);

/// The boundary that a form's `Content-Type` declares; none if it declares no form.
///
/// # Errors
/// If it declares a form without one usable boundary.
pub fn boundary(content_type: &str) -> Result<Option<String>, BadForm> {
    let (kind, params) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    let bad = BadForm("its Content-Type has no boundary that can be used");
    let Some(params) = params_of(params) else {
        return Err(bad);
    };
    let mut found = params
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("boundary"));
    match (found.next(), found.next()) {
        (Some((_, boundary)), None) if is_boundary(boundary) => Ok(Some((*boundary).to_owned())),
        _ => Err(bad),
    }
}

/// RFC 2046; a space at the end is forbidden there, and none in the middle was ever seen.
fn is_boundary(text: &str) -> bool {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&byte);
    (1..=MAX_BOUNDARY).contains(&text.len()) && text.bytes().all(usable)
}

/// A field's name, whether it is a file, and how long its head is.
pub(super) fn read(part: &[u8]) -> Result<(String, bool, usize), BadForm> {
    let visible = &part[..part.len().min(MAX_HEAD)];
    let end = memmem::find(visible, b"\r\n\r\n");
    let end = end.ok_or(BadForm("a field has no head, or one that is too long"))?;
    let lines =
        std::str::from_utf8(&part[..end]).map_err(|_| BadForm("a field's head is no text"))?;
    let mut disposition = None;
    for line in lines.split("\r\n") {
        // Also a line that continues another one.
        let unclear = line.starts_with([' ', '\t']) || line.contains(['\r', '\n', '\0']);
        let (name, value) = line
            .split_once(':')
            .filter(|(name, _)| !unclear && is_token(name))
            .ok_or(BadForm("a field's head is malformed"))?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-disposition") {
            if disposition.replace(value).is_some() {
                return Err(BadForm("a field has two names"));
            }
        } else if name.eq_ignore_ascii_case("content-transfer-encoding")
            && !["7bit", "8bit", "binary"].contains(&value.to_ascii_lowercase().as_str())
        {
            return Err(BadForm("a field is encoded, which forms no longer are"));
        }
    }
    let (name, file) = disposition
        .and_then(named)
        .ok_or(BadForm("a field has no usable name"))?;
    Ok((name, file, end + 4))
}

fn named(disposition: &str) -> Option<(String, bool)> {
    let (kind, params) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let params = params_of(params)?;
    let is = |param: &Param<'_>, name: &str| param.0.eq_ignore_ascii_case(name);
    if params.iter().any(|param| is(param, "name*")) {
        return None;
    }
    let mut names = params.iter().filter(|param| is(param, "name"));
    let (_, name) = names.next()?;
    if names.next().is_some() {
        return None;
    }
    let file = |param| is(param, "filename") || is(param, "filename*");
    Some(((*name).to_owned(), params.iter().any(file)))
}

/// `a=b; c="d"`, without what readers disagree on: a quotation mark behind a backslash ends a text for some and not for others.
fn params_of(text: &str) -> Option<Vec<Param<'_>>> {
    let mut params = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, value) = rest.split_once('=')?;
        let name = name.trim();
        let value = value.trim_start();
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => {
                let (value, after) = quoted.split_once('"')?;
                if value.ends_with('\\') {
                    return None;
                }
                (value, after)
            }
            None => {
                let end = value.find(';').unwrap_or(value.len());
                let (value, after) = value.split_at(end);
                let value = value.trim();
                if value.is_empty() || value.contains(['"', ' ', '\t']) {
                    return None;
                }
                (value, after)
            }
        };
        if !is_token(name) {
            return None;
        }
        params.push((name, value));
        let after = after.trim_start();
        rest = match after.strip_prefix(';') {
            Some(more) => more.trim_start(),
            None if after.is_empty() => after,
            None => return None,
        };
    }
    Some(params)
}

fn is_token(text: &str) -> bool {
    let usable = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_read_quoted_and_plain_and_never_guessed() {
        for (declared, expected) in [
            ("multipart/form-data; boundary=abc", Ok(Some("abc"))),
            ("multipart/form-data;boundary=\"a:b?c\"", Ok(Some("a:b?c"))),
            (
                "Multipart/Form-Data; charset=utf-8; Boundary=x",
                Ok(Some("x")),
            ),
            ("multipart/form-data; boundary=a=b", Ok(Some("a=b"))),
            ("application/json", Ok(None)),
            ("multipart/mixed; boundary=abc", Ok(None)),
            ("", Ok(None)),
            ("multipart/form-data", Err(())),
            ("multipart/form-data; boundary=", Err(())),
            ("multipart/form-data; boundary=\"\"", Err(())),
            ("multipart/form-data; boundary=a; boundary=b", Err(())),
            ("multipart/form-data; boundary=\"a\\\"b\"", Err(())),
            ("multipart/form-data; boundary=a b", Err(())),
            ("multipart/form-data; boundary=\"a b\"", Err(())),
            ("multipart/form-data; boundary=a x=y", Err(())),
        ] {
            let found = boundary(declared).map_err(drop);
            assert_eq!(found, expected.map(|b| b.map(str::to_owned)), "{declared}");
        }
        let long = |n| boundary(&format!("multipart/form-data; boundary={}", "x".repeat(n)));
        assert!(long(70).is_ok());
        assert!(long(71).is_err());
    }

    fn name(head: &str) -> Result<(String, bool), ()> {
        let part = format!("{head}\r\n\r\nvalue");
        let (name, file, length) = read(part.as_bytes()).map_err(drop)?;
        assert_eq!(length, part.len() - "value".len());
        Ok((name, file))
    }

    #[test]
    fn names_are_read_as_clients_write_them() {
        for (head, expected, file) in [
            (
                "Content-Disposition: form-data; name=\"model\"",
                "model",
                false,
            ),
            ("content-disposition:form-data;name=model", "model", false),
            (
                "Content-Type: text/plain\r\nContent-Disposition: form-data; NAME=\"a b\"",
                "a b",
                false,
            ),
            (
                "Content-Disposition: form-data; name=\"file\"; filename=\"C:\\x;y.mp3\"",
                "file",
                true,
            ),
            (
                "Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''%D0%B0.mp3",
                "file",
                true,
            ),
            (
                "Content-Disposition: form-data; filename=\"name=model\"; name=\"file\"",
                "file",
                true,
            ),
            (
                "Content-Disposition: form-data; name=\"timestamp_granularities[]\"",
                "timestamp_granularities[]",
                false,
            ),
        ] {
            assert_eq!(name(head), Ok((expected.to_owned(), file)), "{head}");
        }
    }

    #[test]
    fn what_readers_could_read_differently_is_refused() {
        for head in [
            "Content-Disposition: form-data",
            "Content-Disposition: attachment; name=\"model\"",
            "Content-Disposition: form-data; name=\"a\"; name=\"model\"",
            "Content-Disposition: form-data; name=\"a\"; name*=UTF-8''model",
            "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"model\"",
            "Content-Disposition: form-data; name=\"a\"; filename=\"\\\"; name=model; b=\"",
            "Content-Disposition: form-data; name=\"a\" name=\"model\"",
            "Content-Disposition: form-data;\r\n name=\"model\"",
            "Content-Disposition : form-data; name=\"model\"",
            "Content-Disposition: form-data; name=\"a\nb\"",
            "Content-Disposition: form-data; name=\"model",
            "Content-Disposition: form-data; name=mod\"el",
            "Content-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: base64",
            "name=\"model\"",
            "",
        ] {
            assert_eq!(name(head), Err(()), "{head}");
        }
        let long = format!(
            "Content-Disposition: form-data; name=\"{}\"",
            "x".repeat(9_000)
        );
        assert_eq!(name(&long), Err(()));
    }
}
