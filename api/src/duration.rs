//! Durations as `workspace.yaml` and the templates write them: `2h`, `1h30m`, `45s`.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a duration.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("\"{0}\" is not a duration (want hours, minutes, seconds in this order, for example 1h30m)")]
pub struct DurationError(String);

/// Reads hours, minutes and seconds, each at most once and in this order. Whole numbers only.
///
/// # Errors
/// When the text is empty, holds something else, or is too large for a clock.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let fault = || DurationError(text.to_owned());
    let mut rest = text;
    let mut seconds: u64 = 0;
    for (unit, factor) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(fault());
            }
            let number: u64 = number.parse().map_err(|_| fault())?;
            let part = number.checked_mul(factor).ok_or_else(fault)?;
            seconds = seconds.checked_add(part).ok_or_else(fault)?;
            rest = after;
        }
    }
    if text.is_empty() || !rest.is_empty() { Err(fault()) } else { Ok(Duration::from_secs(seconds)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_minutes_and_seconds_add_up() {
        assert_eq!(parse("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(parse("1h30m5s"), Ok(Duration::from_secs(5405)));
        assert_eq!(parse("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "h", "2", "2d", "30m1h", "1.5h", "-1h", "+1h", "1h ", "1h1h", "99999999999999999999h"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
