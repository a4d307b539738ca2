//! YAML as a tree that knows where everything stands, so that all faults of a file can be told at once.

mod node;
mod reader;

pub(crate) use node::{Node, Value};
pub(crate) use reader::{Entry, Reader, Table, nowhere};

use crate::fault::{Fault, Position};

/// Most bytes of an input file.
const LIMIT: usize = 4 << 20;
/// Levels of lists and maps; our files need six.
const DEPTH: usize = 32;
/// Copies that aliases may make of what they name.
const COPIES: usize = 10_000;

/// Reads one document. An empty text is an empty document.
///
/// # Errors
/// When the text is too large, is not YAML, or holds several documents.
pub(crate) fn parse(text: &str) -> Result<Node, Fault> {
    if text.len() > LIMIT {
        let message = format!(
            "{} bytes are more than the {LIMIT} that are read; keep large content in files of its own",
            text.len()
        );
        return Err(Fault::new("", Position::START, message));
    }
    // The parser skips a byte order mark, and its offsets then begin after it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut node: Node =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| syntax(&error))?;
    node.restore_spelling(text);
    Ok(node)
}

fn options() -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = DEPTH;
    budget.max_documents = 1;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = COPIES;
    // Told with the other faults.
    options.duplicate_keys = serde_saphyr::options::DuplicateKeyPolicy::PassThrough;
    options.non_finite_float_policy = serde_saphyr::options::NonFiniteFloatPolicy::AsString;
    options.reject_unsupported_tags = true;
    options.with_snippet = false;
    options
}

fn syntax(error: &serde_saphyr::Error) -> Fault {
    let at = error.location().map_or(Position::START, |place| Position {
        line: place.line().max(1),
        column: place.column().max(1),
    });
    let text = error.without_snippet().to_string();
    let place = format!(" at line {}, column {}", at.line, at.column);
    let text = text.lines().next().unwrap_or_default();
    Fault::new("", at, format!("not valid YAML: {}", text.strip_suffix(&place).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_fault_has_its_place() {
        let fault = parse("version: v1\nsteps: [\n").unwrap_err();
        assert_eq!((fault.line, fault.path.as_str()), (2, ""), "{fault}");
        assert!(fault.message.starts_with("not valid YAML: "), "{fault}");
        assert!(!fault.message.contains("line"), "the place is told once: {fault}");
    }

    #[test]
    fn bombs_and_towers_are_refused() {
        let tower = format!("a: {}1{}", "[".repeat(500), "]".repeat(500));
        assert!(parse(&tower).is_err());
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..9 {
            let before = n - 1;
            bomb += &format!("a{n}: &a{n} [{}]\n", vec![format!("*a{before}"); 10].join(", "));
        }
        assert!(parse(&bomb).is_err());
        assert!(parse("a: 1\n---\nb: 2\n").is_err(), "two documents");
        assert!(parse(&"#".repeat(LIMIT + 1)).is_err());
    }
}
