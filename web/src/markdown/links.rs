//! Where a link may lead, and finding addresses that stand in a text as they are.

/// Where a link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The address for the browser.
    pub href: String,
    /// What tells where that is: the host, or the address of the mailbox.
    pub place: String,
}

/// The longest address that is a link.
const LONGEST: usize = 2_000;

/// What a destination leads to; none unless it is a page of the web or a mailbox, written without tricks.
pub fn target(destination: &str) -> Option<Target> {
    let destination = destination.trim();
    // Browsers leave line ends out and read a backslash as a slash: what is seen would not be where it leads.
    let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\' || turns(c);
    if destination.len() > LONGEST || destination.contains(odd) {
        return None;
    }
    let (scheme, rest) = destination.split_once(':')?;
    let place = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => {
            let rest = rest.strip_prefix("//")?;
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let authority = &rest[..end];
            // A name before the host is there to be taken for it.
            (!authority.is_empty() && !authority.contains('@')).then(|| authority.to_lowercase())?
        }
        "mailto" => {
            let mailbox = rest.split('?').next().unwrap_or_default();
            mailbox.contains('@').then(|| mailbox.to_owned())?
        }
        _ => return None,
    };
    Some(Target {
        href: destination.to_owned(),
        place,
    })
}

/// Whether a character turns the order of those around it, so that a text reads as another than it is.
pub fn turns(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words.
    Words(&'a str),
    /// An address that stands there as it is.
    Address(&'a str),
}

/// The parts of a text that has addresses of pages in it.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(found) = text[at..].find("http") {
        let start = at + found;
        at = start + 4;
        let rest = &text[start..];
        let after_word = text[..start]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        if after_word || !(rest.starts_with("http://") || rest.starts_with("https://")) {
            continue;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '|'))
            .unwrap_or(rest.len());
        let address = without_stop(&rest[..end]);
        // What is no address as a whole is not looked through again for each part of it.
        at = start + end;
        if target(address).is_some() {
            if from < start {
                parts.push(Part::Words(&text[from..start]));
            }
            parts.push(Part::Address(address));
            from = start + address.len();
            at = from;
        }
    }
    if from < text.len() {
        parts.push(Part::Words(&text[from..]));
    }
    parts
}

/// Without what ends the sentence around it, and a bracket that it did not open.
fn without_stop(address: &str) -> &str {
    if address.len() > LONGEST {
        return address;
    }
    let mut address = address;
    while let Some(last) = address.chars().next_back() {
        let stop = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '»' | '”' | ']' => true,
            ')' => address.matches(')').count() > address.matches('(').count(),
            _ => false,
        };
        if !stop {
            break;
        }
        address = &address[..address.len() - last.len_utf8()];
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_web_or_to_a_mailbox() {
        let place = |text| target(text).map(|target| target.place);
        assert_eq!(
            place("https://Example.org/a?b#c").as_deref(),
            Some("example.org")
        );
        assert_eq!(
            place("HTTP://example.org:8080").as_deref(),
            Some("example.org:8080")
        );
        assert_eq!(
            place("mailto:ada@example.org?subject=x").as_deref(),
            Some("ada@example.org")
        );
        for bad in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://example.org/x",
            "//example.org",
            "/api/v1/auth/logout",
            "relative",
            "",
            "https:example.org",
            "https://",
            "https:\\\\example.org",
            "https://bank.example@evil.example/",
            "https://exam\u{202e}ple.org",
            "mailto:nobody",
            "http://a b",
        ] {
            assert_eq!(target(bad), None, "{bad:?}");
        }
        assert_eq!(
            target(&format!("https://e.org/{}", "a".repeat(3_000))),
            None
        );
    }

    #[test]
    fn addresses_are_found_in_a_text() {
        use Part::{Address, Words};
        assert_eq!(
            parts("See https://example.org/a_(b), or (http://x.org)."),
            [
                Words("See "),
                Address("https://example.org/a_(b)"),
                Words(", or ("),
                Address("http://x.org"),
                Words(").")
            ]
        );
        assert_eq!(
            parts("xhttps://example.org http https://"),
            [Words("xhttps://example.org http https://")]
        );
        assert_eq!(parts(""), []);
        assert_eq!(parts("https://пример.рф"), [Address("https://пример.рф")]);
    }
}
