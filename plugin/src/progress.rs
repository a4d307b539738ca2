//! Long work, shown: a line that changes on a terminal, plain lines with the time otherwise (CL-08).

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows what is going on, on standard error.
pub struct Progress {
    bar: Option<ProgressBar>,
    last: String,
}

/// Whether lines may be redrawn: standard error is a terminal that can, and nobody logs it.
#[must_use]
pub fn redraws() -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal()
        && !set("CI")
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

impl Progress {
    /// Begins to show.
    #[must_use]
    pub fn begin() -> Self {
        let bar = redraws().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, last: String::new() }
    }

    /// Shows `text`, if it says something new.
    pub fn say(&mut self, text: &str) {
        if text == self.last {
            return;
        }
        text.clone_into(&mut self.last);
        let text = crate::table::plain(text);
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None => eprintln!("{} {text}", jiff::Zoned::now().strftime("%H:%M:%S")),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
