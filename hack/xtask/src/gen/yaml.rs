//! YAML as the generated files write it.

use serde::Serialize;

use super::GenError;

/// `value` as YAML, in the order of its fields. Long texts stay on one line, so that a diff shows the
/// changed sentence alone.
///
/// # Errors
/// When the value has no YAML form.
pub fn text<T: Serialize>(what: &str, value: &T) -> Result<String, GenError> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    serde_saphyr::to_string_with_options(value, options)
        .map_err(|fault| GenError::Yaml { what: what.to_owned(), fault: fault.to_string() })
}
