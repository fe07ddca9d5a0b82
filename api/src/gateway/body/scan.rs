//! The top-level fields of a JSON object, in one pass over its text.
//!
//! The rule: what this accepts, `serde_json` accepts, with the same fields; the tests compare the two on thousands of texts. What
//! this does not accept, [`super::Object::scan`] asks `serde_json` about, which also knows how to say what is wrong.

use std::borrow::Cow;

use super::{Field, unquote};

/// The fields of an object, if the text is one and nothing else.
pub(super) fn fields(text: &str) -> Option<Vec<Field<'_>>> {
    let mut scan = Scan { text, at: 0 };
    let mut fields = Vec::with_capacity(8);
    scan.space();
    scan.take(b'{')?;
    scan.space();
    if scan.peek()? == b'}' {
        scan.at += 1;
    } else {
        loop {
            let name = scan.name()?;
            scan.space();
            scan.take(b':')?;
            scan.space();
            let start = scan.at;
            scan.value()?;
            let value = &text[start..scan.at];
            fields.push(Field { name, value });
            scan.space();
            match scan.next()? {
                b',' => scan.space(),
                b'}' => break,
                _ => return None,
            }
        }
    }
    scan.space();
    (scan.at == text.len()).then_some(fields)
}

/// What a value is nested in: one bit for each level, an object or an array. The innermost 64 are at hand.
#[derive(Default)]
struct Nesting {
    near: u64,
    far: Vec<u64>,
    depth: usize,
}

impl Nesting {
    fn enter(&mut self, object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.far.push(self.near);
        }
        self.near = self.near << 1 | u64::from(object);
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.near >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.near = self.far.pop().unwrap_or_default();
        }
    }

    fn in_object(&self) -> bool {
        self.near & 1 == 1
    }
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// The name of a field.
    fn name(&mut self) -> Option<Cow<'a, str>> {
        let start = self.at;
        self.take(b'"')?;
        self.string()?;
        unquote(&self.text[start..self.at])
    }

    /// The rest of a string, after its first quote.
    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            while let Some(eight) = bytes.get(self.at..).and_then(<[u8]>::first_chunk) {
                let plain = plain_before(u64::from_le_bytes(*eight));
                self.at += plain;
                if plain < 8 {
                    break;
                }
            }
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next().filter(u8::is_ascii_hexdigit)?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        self.next().filter(u8::is_ascii_digit)?;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Some(())
    }

    /// A number, of which `first` was read.
    fn number(&mut self, first: u8) -> Option<()> {
        let first = if first == b'-' { self.next()? } else { first };
        match first {
            b'0' => {}
            b'1'..=b'9' => {
                while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                    self.at += 1;
                }
            }
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn word(&mut self, rest: &str) -> Option<()> {
        let found = self.text.as_bytes().get(self.at..)?;
        found.starts_with(rest.as_bytes()).then_some(())?;
        self.at += rest.len();
        Some(())
    }

    /// A value, however deep, without using the stack for it.
    fn value(&mut self) -> Option<()> {
        let mut nesting = Nesting::default();
        loop {
            match self.next()? {
                b'"' => self.string()?,
                b'{' => {
                    self.space();
                    if self.peek()? == b'}' {
                        self.at += 1;
                    } else {
                        nesting.enter(true);
                        self.key()?;
                        continue;
                    }
                }
                b'[' => {
                    self.space();
                    if self.peek()? == b']' {
                        self.at += 1;
                    } else {
                        nesting.enter(false);
                        continue;
                    }
                }
                b't' => self.word("rue")?,
                b'f' => self.word("alse")?,
                b'n' => self.word("ull")?,
                first => self.number(first)?,
            }
            // A value is over: so may be what it is in.
            loop {
                if nesting.depth == 0 {
                    return Some(());
                }
                self.space();
                match (self.next()?, nesting.in_object()) {
                    (b',', object) => {
                        self.space();
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    (b'}', true) | (b']', false) => nesting.leave(),
                    _ => return None,
                }
            }
        }
    }

    /// The name of a field within a value, up to where its value begins.
    fn key(&mut self) -> Option<()> {
        self.take(b'"')?;
        self.string()?;
        self.space();
        self.take(b':')?;
        self.space();
        Some(())
    }
}

/// How many of eight bytes come before the first that is a quote, a backslash or a control character.
fn plain_before(eight: u64) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES * 0x80;
    // A byte that is zero gets its high bit; so may ones above it, which come later in the text.
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes & HIGH;
    let quote = zero(eight ^ (ONES * u64::from(b'"')));
    let backslash = zero(eight ^ (ONES * u64::from(b'\\')));
    let control = eight.wrapping_sub(ONES * 0x20) & !eight & HIGH;
    ((quote | backslash | control).trailing_zeros() / 8) as usize
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::super::Fields;
    use super::*;

    fn agree(text: &str) -> bool {
        let Some(ours) = fields(text) else {
            return false;
        };
        let theirs = serde_json::from_str::<Fields<'_>>(text);
        let Ok(Fields(theirs)) = theirs else {
            panic!("serde_json does not accept {text:?}");
        };
        let plain = |fields: &[Field<'_>]| -> Vec<(String, String)> {
            let field = |field: &Field<'_>| (field.name.to_string(), field.value.to_owned());
            fields.iter().map(field).collect()
        };
        assert_eq!(plain(&ours), plain(&theirs), "{text:?}");
        true
    }

    const TEXTS: [&str; 7] = [
        r#" { "model" : "a" , "x":[1,-2.5e+3,{"y":null,"z":[[],{}]},true,false], "s":"\u00e9\n\"\\ü" } "#,
        r#"{"a":0,"b":-0.0,"c":1e9,"d":"","":"","\u006dodel":"x","e":{"f":{"g":[{}]}}}"#,
        "{}",
        "\t{\r\n}\n",
        r#"{"messages":[{"role":"user","content":"a longer text, with \"quotes\" and \\ in it, and ünïcödé 🙂"}],"stream":true}"#,
        r#"{"a":[[[[1,2,[3]]]],"b",{"c":"d"}],"e":1.25E-7}"#,
        r#"{"a":"\ud800","b":"\uDBFF\uDFFF"}"#,
    ];

    #[test]
    fn whole_texts_have_the_fields_that_serde_json_finds() {
        for text in TEXTS {
            assert!(agree(text), "{text}");
        }
    }

    #[test]
    fn nothing_is_accepted_that_serde_json_refuses() {
        const MARKS: &[u8] = b"{}[]\",:\\0-.eE+tu \n\x01\x1fn9";
        let mut random = StdRng::seed_from_u64(4);
        let mut accepted = 0;
        for round in 0..200_000 {
            let mut bytes = TEXTS[round % TEXTS.len()].as_bytes().to_vec();
            for _ in 0..random.random_range(1..4) {
                let at = random.random_range(0..bytes.len());
                match random.random_range(0..5) {
                    0 => {
                        bytes.remove(at);
                    }
                    1 => bytes.insert(at, MARKS[random.random_range(0..MARKS.len())]),
                    2 => bytes[at] = random.random(),
                    3 => bytes.truncate(at.max(1)),
                    _ => {
                        let from = random.random_range(0..=at);
                        let piece = bytes[from..at].to_vec();
                        bytes.splice(at..at, piece);
                    }
                }
                if bytes.is_empty() {
                    bytes.push(b'{');
                }
            }
            if let Ok(text) = std::str::from_utf8(&bytes) {
                accepted += usize::from(agree(text));
            }
        }
        assert!(accepted > 10_000, "only {accepted} were texts to compare");
    }

    #[test]
    fn nesting_is_remembered_beyond_what_is_at_hand() {
        for depth in [1, 63, 64, 65, 127, 128, 129, 1000] {
            let (open, close): (Vec<_>, Vec<_>) = (0..depth)
                .map(|level| {
                    if level % 3 == 0 {
                        ("{\"a\":", "}")
                    } else {
                        ("[", "]")
                    }
                })
                .unzip();
            let (open, close) = (open.concat(), close.into_iter().rev().collect::<String>());
            let text = format!("{{\"x\":{open}1{close}}}");
            assert!(agree(&text), "{depth}");
            let wrong = format!("{{\"x\":{open}1{}", close.replacen('}', "]", 1));
            assert!(fields(&wrong).is_none(), "{depth}");
        }
    }
}
