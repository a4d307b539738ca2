//! Whether what goes to standard output is coloured (CL-08).

use std::io::IsTerminal as _;

use clap::ValueEnum;

/// `--color`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal that can, unless the environment says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Colours of the terminal's own palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// All is well.
    Green,
    /// To know.
    Yellow,
    /// To repair.
    Red,
}

/// Whether standard output is coloured. The flag wins over `NO_COLOR`, that over `CLICOLOR_FORCE`.
#[must_use]
pub fn on(when: When) -> bool {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    decide(when, std::io::stdout().is_terminal(), variable)
}

fn decide(when: When, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if variable("NO_COLOR").is_some() => false,
        When::Auto if variable("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        When::Auto => terminal && variable("TERM").as_deref() != Some("dumb"),
    }
}

/// The text in this colour, or as it is.
#[must_use]
pub fn paint(text: &str, colour: Colour, on: bool) -> String {
    let code = match colour {
        Colour::Green => 32,
        Colour::Yellow => 33,
        Colour::Red => 31,
    };
    if on { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flag_then_no_color_then_force_then_the_terminal() {
        let with = |when, terminal, set: &[(&str, &str)]| {
            decide(when, terminal, |name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(with(When::Auto, true, &[]));
        assert!(!with(When::Auto, false, &[]));
        assert!(!with(When::Auto, true, &[("TERM", "dumb")]));
        assert!(!with(When::Auto, true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(with(When::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!with(When::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(with(When::Always, false, &[("NO_COLOR", "1")]));
        assert!(!with(When::Never, true, &[("CLICOLOR_FORCE", "1")]));
    }
}
