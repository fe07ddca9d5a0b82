//! Adding to a JSON body: an item at the beginning of a list, fields at the end. What is there goes on byte for byte.

use bytes::Bytes;

use super::{BodyError, Object};

impl Object<'_> {
    /// The same text with an item before those of a list, and with fields behind the others. Item and values are JSON; nothing is put
    /// into the list if the item is empty.
    ///
    /// # Errors
    /// If the list is missing, there twice, or no list.
    pub fn with_added<'f>(
        &self,
        list: &'static str,
        item: &str,
        fields: impl Iterator<Item = (&'f str, &'f str)>,
    ) -> Result<Bytes, BodyError> {
        let value = self
            .unique(list)?
            .ok_or(BodyError::Field(list, "is missing"))?;
        let items = value
            .strip_prefix('[')
            .ok_or(BodyError::Field(list, "must be a list"))?;
        let place = self.range(items).start;
        // The text is an object and white space around it.
        let end = self.text.rfind('}').unwrap_or(self.text.len());
        let mut text = String::with_capacity(self.text.len() + item.len() + 256);
        text.push_str(&self.text[..place]);
        text.push_str(item);
        if !item.is_empty() && items.trim_start_matches([' ', '\t', '\r', '\n']) != "]" {
            text.push(',');
        }
        text.push_str(&self.text[place..end]);
        for (name, value) in fields {
            text.push(',');
            text.push_str(name);
            text.push(':');
            text.push_str(value);
        }
        text.push_str(&self.text[end..]);
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(body: &str, item: &str, fields: &[(&str, &str)]) -> Result<String, BodyError> {
        let object = Object::scan(body.as_bytes()).unwrap();
        let added = object.with_added("messages", item, fields.iter().copied())?;
        Ok(String::from_utf8(added.to_vec()).unwrap())
    }

    #[test]
    fn what_is_there_stays_as_it_is_written() {
        let body = " { \"model\":\"m\", \"messages\" : [ {\"content\":\"a]}\\\"\"} ],\n\"n\": 1.0e+05 } \n";
        assert_eq!(added(body, "", &[]).unwrap(), body);
        assert_eq!(
            added(body, "{}", &[("\"top_p\"", "0.10"), ("\"x\"", "null")]).unwrap(),
            " { \"model\":\"m\", \"messages\" : [{}, {\"content\":\"a]}\\\"\"} ],\n\"n\": 1.0e+05 ,\"top_p\":0.10,\"x\":null} \n"
        );
    }

    #[test]
    fn an_empty_list_gets_its_only_item() {
        for body in [r#"{"messages":[]}"#, "{\"messages\":[ \n]}"] {
            let added = added(body, "1", &[]).unwrap();
            let tree: serde_json::Value = serde_json::from_str(&added).unwrap();
            assert_eq!(tree["messages"], serde_json::json!([1]), "{added}");
        }
        // Not empty, though it ends like one.
        let nested = added(r#"{"messages":[[]]}"#, "1", &[]).unwrap();
        assert_eq!(nested, r#"{"messages":[1,[]]}"#);
    }

    #[test]
    fn there_must_be_one_list() {
        let fault = |body| added(body, "1", &[]).unwrap_err();
        let expected = |why| BodyError::Field("messages", why);
        assert_eq!(fault("{}"), expected("is missing"));
        assert_eq!(fault(r#"{"messages":"[]"}"#), expected("must be a list"));
        assert_eq!(
            fault(r#"{"messages":{"a":[]}}"#),
            expected("must be a list")
        );
        assert_eq!(
            fault(r#"{"messages":[],"\u006dessages":[]}"#),
            expected("is in the body twice")
        );
    }
}
