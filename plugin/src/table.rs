//! Tables that fit a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Widest line of a table that is not `-o wide`.
pub const NARROW: usize = 80;

const GAP: usize = 2;
/// No column is cut below this, nor below its title.
const SHORTEST: usize = 5;

/// Rows under titles.
pub struct Table {
    titles: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(titles: &[&'static str]) -> Self {
        Self { titles: titles.to_vec(), rows: Vec::new() }
    }

    /// Adds a row. Control characters are taken out: what a cluster holds must not steer a terminal.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// The lines, no wider than `limit` columns; the widest columns are cut first, with an ellipsis.
    #[must_use]
    pub fn text(&self, limit: Option<usize>) -> String {
        let widths = self.widths(limit);
        let mut text = line(self.titles.iter().copied(), &widths);
        for row in &self.rows {
            text.push_str(&line(row.iter().map(String::as_str), &widths));
        }
        text
    }

    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.titles.iter().map(|title| title.width()).collect();
        let floors: Vec<usize> = widths.iter().map(|width| (*width).max(SHORTEST)).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let Some(limit) = limit else { return widths };
        let room = limit.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let widest = widths.iter_mut().zip(&floors).filter(|(width, floor)| **width > **floor);
            match widest.max_by_key(|(width, _)| **width) {
                Some((width, _)) => *width -= 1,
                None => break,
            }
        }
        widths
    }
}

fn line<'a>(cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> String {
    let mut text = String::new();
    for (cell, width) in cells.zip(widths) {
        let cell = cut(cell, *width);
        text.push_str(&cell);
        text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + GAP));
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The text in at most `width` columns.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut left = width.saturating_sub(1);
    let mut short = String::new();
    for character in text.chars() {
        let Some(rest) = left.checked_sub(character.width().unwrap_or(0)) else { break };
        left = rest;
        short.push(character);
    }
    short.push('…');
    short
}

/// The text without control characters.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The text in lines of at most `width` columns, broken at spaces; a longer word stands alone.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in plain(text).split(' ') {
        if !line.is_empty() && line.width().saturating_add(1).saturating_add(word.width()) > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: [&str; 8] = ["NAME", "TEMPLATE", "USER", "STEP", "READY", "REASON", "EXPIRES", "AGE"];

    #[test]
    fn a_narrow_table_is_not_padded() {
        let mut table = Table::new(&["NAME", "STEP"]);
        table.row(vec!["ana".to_owned(), "pipes".to_owned()]);
        assert_eq!(table.text(Some(NARROW)), "NAME  STEP\nana   pipes\n");
    }

    #[test]
    fn the_longest_values_that_the_schema_allows_fit_eighty_columns() {
        let mut table = Table::new(&TITLES);
        let long = |length: usize| "x".repeat(length);
        table.row(vec![
            long(50),
            long(63),
            long(253),
            long(63),
            "False".into(),
            long(40),
            "3h59m".into(),
            "364d".into(),
        ]);
        let text = table.text(Some(NARROW));
        assert!(text.lines().all(|line| line.width() <= NARROW), "{text}");
        assert!(text.contains("False") && text.contains("3h59m") && text.contains("364d"), "{text}");
        assert!(table.text(None).contains(&long(253)));
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 3), "abc");
        let mut table = Table::new(&TITLES);
        table.row(vec!["日本語".repeat(30); 8]);
        assert!(table.text(Some(NARROW)).lines().all(|line| line.width() <= NARROW));
    }

    #[test]
    fn long_texts_are_broken_at_spaces() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdef g", 3), ["abcdef", "g"]);
        assert_eq!(wrap("", 3), [""]);
        assert_eq!(wrap("a\nb", usize::MAX), ["a b"]);
    }

    #[test]
    fn a_cluster_cannot_steer_the_terminal() {
        let mut table = Table::new(&["USER"]);
        table.row(vec!["\u{1b}[2Jana\n".to_owned()]);
        assert_eq!(table.text(None), "USER\n [2Jana\n");
    }
}
