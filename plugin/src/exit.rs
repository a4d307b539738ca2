//! Exit codes (D39), once.

use std::process::ExitCode;

/// How a command ended. The numbers are a promise to scripts and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Fine = 0,
    /// It failed.
    Failed = 1,
    /// The command line was wrong.
    WrongUsage = 2,
    /// `check` found what has to be repaired.
    Findings = 3,
    /// Some of several targets failed.
    PartFailed = 4,
    /// Waiting took longer than allowed.
    TimedOut = 5,
    /// What was named does not exist.
    NotFound = 6,
    /// The caller may not do this.
    NotAllowed = 7,
    /// The person at the terminal said no.
    Declined = 8,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_documents() {
        let numbers = [
            (Exit::Fine, 0),
            (Exit::Failed, 1),
            (Exit::WrongUsage, 2),
            (Exit::Findings, 3),
            (Exit::PartFailed, 4),
            (Exit::TimedOut, 5),
            (Exit::NotFound, 6),
            (Exit::NotAllowed, 7),
            (Exit::Declined, 8),
            (Exit::Interrupted, 130),
        ];
        for (exit, number) in numbers {
            assert_eq!(exit as u8, number);
        }
    }
}
