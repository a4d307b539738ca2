//! JSON whose bytes depend on its content alone.

use serde::{Deserialize, Deserializer, Serialize};

/// JSON without white space, every object's keys sorted bytewise.
///
/// # Errors
/// When the value has no JSON form (a map with keys that are no strings).
pub fn canonical_json<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(value)?;
    value.sort_all_objects();
    serde_json::to_vec(&value)
}

/// `null` where a list or map is meant: Go programs write empty ones so.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value: serde_json::Value =
            serde_json::from_str(r#"{ "b": [{"z": 1, "a": null}], "a": {"d": 1, "C": 2} }"#).unwrap();
        let text = String::from_utf8(canonical_json(&value).unwrap()).unwrap();
        assert_eq!(text, r#"{"a":{"C":2,"d":1},"b":[{"a":null,"z":1}]}"#);
    }
}
