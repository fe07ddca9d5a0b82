//! Addresses as people paste them, taken apart.
//!
//! Rule: what is mended is said, and what cannot be meant is a fault; nothing is dropped in silence. A name and a password in an address go nowhere.
//! Hosts keep their spelling: the service has the one place that gives them theirs.

use understudy_shared::{Capability, Endpoint, Scheme};

/// The end of an address that names the one call which is no endpoint of a model; the base stands before it.
const MODELS: &str = "/models";

/// Parts of an address, as far as it has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// `http` or `https`.
    pub scheme: Option<Scheme>,
    /// Host name or address, without brackets.
    pub host: String,
    /// TCP port.
    pub port: Option<u16>,
    /// Path before the calls; none if the address ends with the host.
    pub base_path: Option<String>,
    /// What was mended.
    pub notes: Vec<Note>,
}

/// Something that was mended, and that the person should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Spaces or quotes were around or in it.
    Spaces,
    /// There was no scheme.
    NoScheme,
    /// A name, perhaps with a password, stood before the host.
    Userinfo,
    /// Something followed after `?`.
    Query,
    /// Something followed after `#`.
    Fragment,
    /// It named one call of the API.
    Call(&'static str),
    /// There is no path, which is seldom right.
    NoPath,
    /// A cloud instance over plain HTTP.
    Plain,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadAddress {
    /// There is nothing.
    Empty,
    /// The scheme is neither `http` nor `https`.
    Scheme,
    /// There is no host.
    Host,
    /// The port is no number from 1 to 65535.
    Port,
}

/// Takes an address apart.
///
/// # Errors
/// If it cannot be one.
pub fn split(text: &str) -> Result<Parts, BadAddress> {
    let mut notes = Vec::new();
    let mut clean: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control() && !"\"'`<>\u{200b}\u{feff}".contains(*c))
        .map(|c| if c == '\\' { '/' } else { c })
        .collect();
    if clean != text.replace('\\', "/") {
        notes.push(Note::Spaces);
    }
    if clean.is_empty() {
        return Err(BadAddress::Empty);
    }
    if let Some((before, _)) = clean.split_once('#') {
        clean = before.to_owned();
        notes.push(Note::Fragment);
    }
    if let Some((before, _)) = clean.split_once('?') {
        clean = before.to_owned();
        notes.push(Note::Query);
    }
    let (scheme, rest) = match clean.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (Some(Scheme::Https), rest),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (Some(Scheme::Http), rest),
        Some(_) => return Err(BadAddress::Scheme),
        None => (None, clean.trim_start_matches('/')),
    };
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let authority = match authority.rsplit_once('@') {
        Some((_, host)) => {
            notes.push(Note::Userinfo);
            host
        }
        None => authority,
    };
    let (host, port) = host_and_port(authority)?;
    if scheme.is_none() {
        notes.push(Note::NoScheme);
    }
    let (base_path, call) = base_path(path);
    notes.extend(call.map(Note::Call));
    Ok(Parts {
        scheme,
        host: host.to_owned(),
        port,
        base_path,
        notes,
    })
}

fn host_and_port(authority: &str) -> Result<(&str, Option<u16>), BadAddress> {
    let (host, port) = if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(BadAddress::Host)?;
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(BadAddress::Host),
        }
    } else if authority.matches(':').count() > 1 {
        // An IPv6 address that somebody wrote without brackets has no port.
        (authority, None)
    } else {
        match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    if host.is_empty() {
        return Err(BadAddress::Host);
    }
    // `host:` is still being typed, or means the usual port.
    let port = port.filter(|port| !port.is_empty());
    let port = port
        .map(|port| port.parse().ok().filter(|port| *port > 0))
        .map(|port: Option<u16>| port.ok_or(BadAddress::Port))
        .transpose()?;
    Ok((host, port))
}

/// The path of the API without the call at its end, and that call.
fn base_path(path: &str) -> (Option<String>, Option<&'static str>) {
    let path = path.trim_end_matches('/');
    let lower = path.to_ascii_lowercase();
    // `/completions` is the end of `/chat/completions`, which stands before it.
    let mut calls = Capability::ALL
        .into_iter()
        .map(Capability::path)
        .chain([MODELS]);
    let call = calls.find(|call| lower.ends_with(call));
    let base = call.map_or(path, |call| {
        path.get(..path.len() - call.len()).unwrap_or(path)
    });
    let base = base.trim_end_matches('/');
    ((!base.is_empty()).then(|| base.to_owned()), call)
}

/// The endpoint of a cloud instance, and what was mended. Without a scheme it is `https`, without a port the usual one, without a path none.
///
/// # Errors
/// If the text cannot be an address.
pub fn cloud_endpoint(text: &str) -> Result<(Endpoint, Vec<Note>), BadAddress> {
    let parts = split(text)?;
    let mut notes = parts.notes;
    let scheme = parts.scheme.unwrap_or(Scheme::Https);
    if scheme == Scheme::Http {
        notes.push(Note::Plain);
    }
    if parts.base_path.is_none() {
        notes.push(Note::NoPath);
    }
    let usual = match scheme {
        Scheme::Http => 80,
        Scheme::Https => 443,
    };
    let endpoint = Endpoint {
        scheme,
        host: parts.host,
        port: parts.port.unwrap_or(usual),
        base_path: parts.base_path.unwrap_or_default(),
    };
    Ok((endpoint, notes))
}

/// What stands in the field for a host alone and is more than that.
pub fn more_than_host(text: &str) -> Option<Parts> {
    let trimmed = text.trim();
    let is_address = trimmed.contains("://") || trimmed.contains(['/', '\\', '@', '[', '?', '#']);
    let has_port = trimmed.matches(':').count() == 1;
    if trimmed == text && !is_address && !has_port {
        return None;
    }
    split(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cloud(text: &str) -> (String, Vec<Note>) {
        let (endpoint, notes) =
            cloud_endpoint(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        (endpoint.base_url(), notes)
    }

    #[test]
    fn addresses_come_in_many_spellings() {
        for (text, base, notes) in [
            (
                "https://api.openai.com/v1",
                "https://api.openai.com/v1",
                vec![],
            ),
            (
                "https://api.openai.com/v1/",
                "https://api.openai.com/v1",
                vec![],
            ),
            (
                "HTTPS://api.openai.com/v1",
                "https://api.openai.com/v1",
                vec![],
            ),
            (
                "https://api.example:8443/a/b/v1",
                "https://api.example:8443/a/b/v1",
                vec![],
            ),
            (
                "api.openai.com/v1",
                "https://api.openai.com/v1",
                vec![Note::NoScheme],
            ),
            (
                "//api.openai.com/v1",
                "https://api.openai.com/v1",
                vec![Note::NoScheme],
            ),
            (
                "  https://api.openai.com/v1\n",
                "https://api.openai.com/v1",
                vec![Note::Spaces],
            ),
            (
                "\"https://api.openai.com/v1\"",
                "https://api.openai.com/v1",
                vec![Note::Spaces],
            ),
            (
                "https:\\\\api.openai.com\\v1",
                "https://api.openai.com/v1",
                vec![],
            ),
            (
                "https://api.openai.com/v1/chat/completions",
                "https://api.openai.com/v1",
                vec![Note::Call("/chat/completions")],
            ),
            (
                "https://api.example/v1/models/",
                "https://api.example/v1",
                vec![Note::Call("/models")],
            ),
            (
                "https://api.example/v1?api-version=2#x",
                "https://api.example/v1",
                vec![Note::Fragment, Note::Query],
            ),
            (
                "https://me:canary@api.example/v1",
                "https://api.example/v1",
                vec![Note::Userinfo],
            ),
            (
                "https://api.openai.com",
                "https://api.openai.com",
                vec![Note::NoPath],
            ),
            (
                "http://api.example/v1",
                "http://api.example/v1",
                vec![Note::Plain],
            ),
            (
                "https://[2001:db8::1]:8443/v1",
                "https://[2001:db8::1]:8443/v1",
                vec![],
            ),
            (
                "https://[2001:db8::1]/v1",
                "https://[2001:db8::1]/v1",
                vec![],
            ),
            ("https://модель.рф/v1", "https://модель.рф/v1", vec![]),
            (
                "https://api.example:443/v1",
                "https://api.example/v1",
                vec![],
            ),
            ("https://api.example:/v1", "https://api.example/v1", vec![]),
        ] {
            assert_eq!(cloud(text), (base.to_owned(), notes), "{text}");
        }
    }

    #[test]
    fn what_stands_before_the_host_is_kept_nowhere() {
        let parts = split("https://me:canary@api.example/v1").unwrap();
        assert!(!format!("{parts:?}").contains("canary"));
    }

    #[test]
    fn what_is_no_address_is_a_fault() {
        for (text, fault) in [
            ("", BadAddress::Empty),
            ("  ", BadAddress::Empty),
            ("ftp://api.example/v1", BadAddress::Scheme),
            ("https://", BadAddress::Host),
            ("https:///v1", BadAddress::Host),
            ("https://:443/v1", BadAddress::Host),
            ("https://[2001:db8::1/v1", BadAddress::Host),
            ("https://api.example:0/v1", BadAddress::Port),
            ("https://api.example:99999/v1", BadAddress::Port),
            ("https://api.example:x/v1", BadAddress::Port),
        ] {
            assert_eq!(split(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_host_alone_is_left_alone() {
        for text in ["10.0.0.7", "gpu-1.local", "fd00::1", "", "модель.рф"] {
            assert_eq!(more_than_host(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_in_the_field_of_the_host_is_taken_apart() {
        let parts = more_than_host("http://10.0.0.7:8000/v1").unwrap();
        assert_eq!(parts.scheme, Some(Scheme::Http));
        assert_eq!(parts.host, "10.0.0.7");
        assert_eq!(parts.port, Some(8000));
        assert_eq!(parts.base_path.as_deref(), Some("/v1"));
        let parts = more_than_host("gpu-1:8000").unwrap();
        assert_eq!(
            (parts.host.as_str(), parts.port, parts.scheme),
            ("gpu-1", Some(8000), None)
        );
        assert_eq!(more_than_host("[fd00::1]").unwrap().host, "fd00::1");
        assert_eq!(more_than_host(" gpu-1 ").unwrap().host, "gpu-1");
    }
}
