//! A block of lines on a terminal that is drawn again in its place.

use console::{Term, truncate_str};

use crate::error::Error;
use crate::output;

/// What stands on the terminal.
#[derive(Default)]
pub struct Screen {
    text: String,
}

impl Screen {
    /// Draws the block where it stood before; nothing happens when it is the same.
    ///
    /// # Errors
    /// As [`output::print`].
    pub fn draw(&mut self, text: &str) -> Result<(), Error> {
        let (height, width) = Term::stdout().size();
        let text = fitted(text, height.into(), width.into());
        if self.text == text {
            return Ok(());
        }
        let up = self.text.lines().count();
        let drawn = redraw(up, &text);
        self.text = text;
        output::print(&drawn)
    }
}

/// What the terminal has room for: a line that breaks, or scrolls away, could not be drawn over.
fn fitted(text: &str, height: usize, width: usize) -> String {
    let room = height.saturating_sub(1).max(2);
    let all = text.lines().count();
    let shown = if all > room { room - 1 } else { all };
    let mut fitted = String::new();
    for line in text.lines().take(shown) {
        fitted.push_str(&truncate_str(line, width, "…"));
        fitted.push('\n');
    }
    if all > shown {
        fitted.push_str(&format!("… and {} lines more\n", all - shown));
    }
    fitted
}

/// Up by as many lines, and everything below anew. Nothing is cleared first, so that nothing flickers.
fn redraw(up: usize, text: &str) -> String {
    let mut drawn = String::new();
    if up > 0 {
        drawn.push_str(&format!("\u{1b}[{up}A\r"));
    }
    for line in text.lines() {
        drawn.push_str(line);
        drawn.push_str("\u{1b}[K\n");
    }
    drawn.push_str("\u{1b}[J");
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_fits_the_terminal() {
        assert_eq!(fitted("a\nbcdef\n", 24, 3), "a\nbc…\n");
        assert_eq!(fitted("a\nb\nc\nd\n", 4, 80), "a\nb\n… and 2 lines more\n");
        assert_eq!(fitted("\u{1b}[31m×\u{1b}[0m ab\n", 4, 4), "\u{1b}[31m×\u{1b}[0m ab\n");
    }

    #[test]
    fn a_block_is_drawn_over_the_one_before() {
        assert_eq!(redraw(0, "a\n"), "a\u{1b}[K\n\u{1b}[J");
        assert_eq!(redraw(3, "a\nb\n"), "\u{1b}[3A\ra\u{1b}[K\nb\u{1b}[K\n\u{1b}[J");
    }
}
