//! What goes to standard output: objects as JSON, YAML or names, lines, and times for people.

use std::io::{self, Write as _};
use std::time::Duration;

use clap::ValueEnum;
use jiff::Timestamp;
use kube::{Resource, ResourceExt};
use serde::Serialize;

use crate::error::Error;

/// `-o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The object, or a list of kind List, as the API serves it.
    Json,
    /// The same as YAML.
    Yaml,
    /// `kind.group/name`, a line each.
    Name,
    /// A table with more columns, never cut.
    Wide,
}

/// Writes to standard output.
///
/// # Errors
/// When the other end of a pipe is gone, or the disk is full.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|fault| match fault.kind() {
        io::ErrorKind::BrokenPipe => Error::PipeClosed,
        _ => Error::Print(Box::new(fault)),
    })
}

/// Writes one line to standard output.
///
/// # Errors
/// As [`print`].
pub fn line(text: impl AsRef<str>) -> Result<(), Error> {
    print(&format!("{}\n", text.as_ref()))
}

/// Writes a value as JSON or YAML.
///
/// # Errors
/// As [`print`].
pub fn value(format: Format, value: &impl Serialize) -> Result<(), Error> {
    let text = match format {
        Format::Yaml => serde_saphyr::to_string(value).map_err(|fault| Error::Print(Box::new(fault)))?,
        Format::Json | Format::Name | Format::Wide => {
            serde_json::to_string_pretty(value).map_err(|fault| Error::Print(Box::new(fault)))? + "\n"
        }
    };
    print(&text)
}

/// The command to write again, under the name in use.
#[must_use]
pub fn again(words: &str) -> String {
    format!("{} {words}", crate::program::name())
}

/// `workspaceinstance.workshop.platform/ana`, as kubectl writes it.
pub fn full_name<K: Resource<DynamicType = ()>>(object: &K) -> String {
    format!("{}.{}/{}", K::kind(&()).to_lowercase(), K::group(&()), object.name_any())
}

/// Writes one object: in the form of `-o`, or as `name verb`.
///
/// # Errors
/// As [`print`].
pub fn object<K>(format: Option<Format>, object: &K, verb: &str) -> Result<(), Error>
where
    K: Resource<DynamicType = ()> + Serialize + Clone,
{
    match format {
        Some(Format::Name) => line(full_name(object)),
        Some(format @ (Format::Json | Format::Yaml)) => {
            let mut object = object.clone();
            object.managed_fields_mut().clear();
            value(format, &object)
        }
        Some(Format::Wide) | None => line(format!("{} {verb}", full_name(object))),
    }
}

/// Writes a list of objects as a list of kind `List`, or as names.
///
/// # Errors
/// As [`print`].
pub fn list<K>(format: Format, mut objects: Vec<K>) -> Result<(), Error>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    if format == Format::Name {
        return objects.iter().try_for_each(|object| line(full_name(object)));
    }
    for object in &mut objects {
        object.managed_fields_mut().clear();
    }
    value(format, &serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects}))
}

/// The time between two moments in at most two units, as kubectl writes ages: `45s`, `3m20s`, `5h10m`, `12d`.
#[must_use]
pub fn span(from: Timestamp, to: Timestamp) -> String {
    let seconds = to.as_second().saturating_sub(from.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large: i64, small: i64, units: (&str, &str)| match small {
        0 => format!("{large}{}", units.0),
        _ => format!("{large}{}{small}{}", units.0, units.1),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => two(minutes, seconds % 60, ("m", "s")),
        600..10_800 => format!("{minutes}m"),
        10_800..36_000 => two(hours, minutes % 60, ("h", "m")),
        36_000..172_800 => format!("{hours}h"),
        _ => format!("{days}d"),
    }
}

/// The time left until a moment, `past` once it is over.
#[must_use]
pub fn left(until: Timestamp, now: Timestamp) -> String {
    if until <= now { "past".to_owned() } else { span(now, until) }
}

/// A number of bytes for people, `12.4 kB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if count < 1000 {
        return format!("{count} B");
    }
    #[allow(clippy::cast_precision_loss)]
    let mut value = count as f64 / 1000.0;
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    for larger in units {
        // What would be rounded to 1000.0 belongs to the larger unit.
        if value < 999.95 {
            break;
        }
        value /= 1000.0;
        unit = larger;
    }
    format!("{value:.1} {unit}")
}

/// A measured time in seconds with two digits, `0.31 s`.
#[must_use]
pub fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_at_most_two_units() {
        let span = |seconds| span(Timestamp::UNIX_EPOCH, Timestamp::from_second(seconds).unwrap());
        let cases = [
            (5, "5s"),
            (119, "119s"),
            (200, "3m20s"),
            (240, "4m"),
            (3600, "60m"),
            (18_600, "5h10m"),
            (40_000, "11h"),
            (1_036_800, "12d"),
        ];
        for (seconds, text) in cases {
            assert_eq!(span(seconds), text);
        }
    }

    #[test]
    fn what_is_over_is_past() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(left(at(10), at(10)), "past");
        assert_eq!(left(at(70), at(10)), "60s");
    }

    #[test]
    fn bytes_have_one_digit_after_the_point() {
        let cases =
            [(0, "0 B"), (999, "999 B"), (1_234, "1.2 kB"), (999_999, "1.0 MB"), (71_000_000, "71.0 MB")];
        for (count, text) in cases {
            assert_eq!(bytes(count), text);
        }
    }

    #[test]
    fn measured_times_have_two_digits() {
        assert_eq!(seconds(Duration::from_millis(312)), "0.31 s");
    }
}
