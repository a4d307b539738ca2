//! Faults of an input file: where, what, and what to do.

use std::fmt;

/// A place in a text; both count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

impl Position {
    /// The beginning of the text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// One thing that is wrong with an input file.
///
/// As text: `steps[1].id: must be lowercase alphanumeric and hyphens only`. Line and column are left to whoever
/// knows the name of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Path of the field, list positions from 0; empty for the file as a whole.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters, from 1.
    pub column: u64,
}

impl Fault {
    /// A fault of the field `path`, which stands at `at`.
    #[must_use]
    pub fn new(path: impl Into<String>, at: Position, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into(), line: at.line, column: at.column }
    }

    /// Where the field stands.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { line: self.line, column: self.column }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}
