//! Kubernetes quantities, as far as they have to be compared: `500m`, `1.5`, `1Gi`.

use thiserror::Error;

/// Why a text is not a quantity.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "\"{0}\" is not a quantity (want a number and one of m, k, M, G, T, Ki, Mi, Gi, Ti, for example 500m or 1Gi)"
)]
pub struct QuantityError(String);

const THOUSANDTH: i128 = 1;
const ONE: i128 = 1000;

/// The value in thousandths, rounded up as Kubernetes does.
///
/// # Errors
/// When the text is no quantity or too large.
pub fn parse(text: &str) -> Result<i128, QuantityError> {
    parts(text).ok_or_else(|| QuantityError(text.to_owned()))
}

fn parts(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let factor = match suffix {
        "m" => THOUSANDTH,
        "" => ONE,
        "k" => ONE * 1000,
        "M" => ONE * 1000_i128.pow(2),
        "G" => ONE * 1000_i128.pow(3),
        "T" => ONE * 1000_i128.pow(4),
        "Ki" => ONE * 1024,
        "Mi" => ONE * 1024_i128.pow(2),
        "Gi" => ONE * 1024_i128.pow(3),
        "Ti" => ONE * 1024_i128.pow(4),
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > 15 || fraction.len() > 9 {
        return None;
    }
    let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scaled = digits.checked_mul(factor)?;
    Some(scaled / scale + i128::from(scaled % scale != 0))
}

/// A fifth of a CPU quantity, as a quantity (D2); at least one thousandth.
///
/// # Errors
/// When the text is no quantity.
pub fn fifth(text: &str) -> Result<String, QuantityError> {
    Ok(format!("{}m", (parse(text)? / 5).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_scale() {
        assert_eq!(parse("1"), parse("1000m"));
        assert_eq!(parse("1Gi"), parse("1024Mi"));
        assert_eq!(parse("1.5"), Ok(1500));
        assert_eq!(parse("1k"), Ok(1_000_000));
        assert_eq!(parse("0.0001"), Ok(1), "rounded up");
        assert_eq!(fifth("1").as_deref(), Ok("200m"));
        assert_eq!(fifth("1m").as_deref(), Ok("1m"));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "Gi", "1 Gi", "1Gb", "-1", "1e3e", "1..2", "９"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
