//! Parameters of a request as people set them: the usual ones in fields of their own, all others by name and value.

use serde_json::{Map, Value};

/// The usual ones: the name, the least and the greatest value, and whether it is whole.
pub const USUAL: [Usual; 3] = [
    Usual {
        name: "temperature",
        max: 2.0,
        min: 0.0,
        whole: false,
    },
    Usual {
        name: "top_p",
        max: 1.0,
        min: 0.0,
        whole: false,
    },
    Usual {
        name: "max_tokens",
        max: 10_000_000.0,
        min: 1.0,
        whole: true,
    },
];

/// A parameter that has a field of its own.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// Its name in the request.
    pub name: &'static str,
    max: f64,
    min: f64,
    whole: bool,
}

/// What was typed is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotANumber;

impl Usual {
    /// Reads what is typed; none for nothing. The number goes into requests as it is written here.
    ///
    /// # Errors
    /// If it is no number that the parameter takes.
    pub fn read(&self, typed: &str) -> Result<Option<Value>, NotANumber> {
        let text: String = typed
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| if c == ',' { '.' } else { c })
            .collect();
        if text.is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(&text).map_err(|_| NotANumber)?;
        let number = value.as_f64().ok_or(NotANumber)?;
        let fits = (self.min..=self.max).contains(&number) && (!self.whole || value.is_u64());
        fits.then_some(Some(value)).ok_or(NotANumber)
    }
}

/// Takes the usual ones out; one that is no number stays among the others.
pub fn split(parameters: &Map<String, Value>) -> ([String; 3], Map<String, Value>) {
    let mut rest = parameters.clone();
    let usual = USUAL.map(|usual| {
        let text = rest
            .get(usual.name)
            .filter(|value| value.is_number())
            .map(Value::to_string)
            .filter(|text| usual.read(text).is_ok());
        if text.is_some() {
            rest.remove(usual.name);
        }
        text.unwrap_or_default()
    });
    (usual, rest)
}

/// What changes `old` into `new`, as a merge patch: what `new` lacks is null in it.
pub fn patch(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, value) in new {
        match (old.get(name), value) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                patch.insert(name.clone(), Value::Object(self::patch(old, new)));
            }
            _ => {
                patch.insert(name.clone(), value.clone());
            }
        }
    }
    patch
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(object) => object,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn usual_parameters_are_numbers_within_their_bounds() {
        let [temperature, top_p, max_tokens] = USUAL;
        assert_eq!(temperature.read(" 0,2 "), Ok(Some(json!(0.2))));
        assert_eq!(temperature.read(""), Ok(None));
        assert_eq!(top_p.read("1"), Ok(Some(json!(1))));
        assert_eq!(max_tokens.read("4 096"), Ok(Some(json!(4096))));
        for (usual, bad) in [
            (temperature, "2.1"),
            (temperature, "hot"),
            (top_p, "-1"),
            (max_tokens, "0"),
            (max_tokens, "1.5"),
            (max_tokens, "true"),
        ] {
            assert_eq!(usual.read(bad), Err(NotANumber), "{bad}");
        }
    }

    #[test]
    fn what_has_no_field_of_its_own_stays_among_the_others() {
        let (usual, rest) = split(&object(
            json!({"temperature": 0.2, "max_tokens": "many", "stop": ["x"]}),
        ));
        assert_eq!(usual, ["0.2", "", ""].map(str::to_owned));
        assert_eq!(rest, object(json!({"max_tokens": "many", "stop": ["x"]})));
    }

    #[test]
    fn a_patch_removes_what_is_gone() {
        let old = object(json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 5}));
        let new = object(json!({"a": 2, "b": {"d": 2}, "f": {"g": 1}}));
        assert_eq!(
            patch(&old, &new),
            object(json!({"e": null, "a": 2, "b": {"c": null}, "f": {"g": 1}}))
        );
        assert!(patch(&old, &old).is_empty());
    }
}
