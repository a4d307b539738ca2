//! Reading fields out of a tree, with every fault collected instead of the first one returned.

use std::collections::BTreeMap;

use super::node::{Node, Value};
use crate::fault::{Fault, Position};

/// Collects the faults of one file.
#[derive(Default)]
pub(crate) struct Reader {
    faults: Vec<Fault>,
}

/// The fields of one map. A field without a value counts as absent.
pub(crate) struct Table<'n> {
    path: String,
    at: Position,
    fields: BTreeMap<&'n str, &'n Node>,
}

/// One entry of a map.
pub(crate) struct Entry<'n> {
    pub(crate) name: &'n str,
    pub(crate) at: Position,
    pub(crate) value: &'n Node,
}

impl Reader {
    /// The value if nothing was wrong, else all faults in the order of the file.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, Vec<Fault>> {
        if self.faults.is_empty() {
            return Ok(value);
        }
        self.faults.sort_by_key(Fault::position);
        Err(self.faults)
    }

    pub(crate) fn fault(&mut self, path: impl Into<String>, at: Position, message: impl Into<String>) {
        self.faults.push(Fault::new(path, at, message));
    }

    /// A map whose keys are among `known`. Anything else is a fault; `elsewhere` may say where a foreign field belongs.
    pub(crate) fn table<'n>(
        &mut self,
        node: &'n Node,
        path: &str,
        known: &[&str],
        elsewhere: fn(&str) -> Option<&'static str>,
    ) -> Table<'n> {
        let mut table = Table { path: path.to_owned(), at: node.at, fields: BTreeMap::new() };
        for Entry { name: key, at, value } in self.entries(node, path) {
            let field = table.path(key);
            if !known.contains(&key) {
                let hint = elsewhere(key).map_or_else(|| nearest(key, known), str::to_owned);
                self.fault(field, at, format!("unknown field; {hint}"));
            } else if !matches!(value.value, Value::Null) {
                table.fields.insert(key, value);
            }
        }
        table
    }

    /// The entries of a map with text as keys, each key once.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, path: &str) -> Vec<Entry<'n>> {
        let fields = match &node.value {
            Value::Map(fields) => fields,
            Value::Null => return Vec::new(),
            _ => {
                self.fault(path, node.at, format!("must be a map, not {}", node.kind()));
                return Vec::new();
            }
        };
        let mut first: BTreeMap<&str, Position> = BTreeMap::new();
        let mut entries = Vec::new();
        for (key, value) in fields {
            let Some(name) = key.scalar() else {
                self.fault(path, key.at, format!("a key must be text, not {}", key.kind()));
                continue;
            };
            if let Some(before) = first.get(name) {
                self.fault(
                    join(path, name),
                    key.at,
                    format!("written twice; the first is in line {}", before.line),
                );
                continue;
            }
            first.insert(name, key.at);
            entries.push(Entry { name, at: key.at, value });
        }
        entries
    }

    /// The items of a list, each with its path.
    pub(crate) fn list<'n>(&mut self, table: &Table<'n>, name: &str) -> Vec<(String, &'n Node)> {
        let path = table.path(name);
        match table.get(name).map(|node| (&node.value, node)) {
            None => Vec::new(),
            Some((Value::List(items), _)) => {
                items.iter().enumerate().map(|(n, item)| (format!("{path}[{n}]"), item)).collect()
            }
            Some((_, node)) => {
                self.fault(path, node.at, format!("must be a list, not {}", node.kind()));
                Vec::new()
            }
        }
    }

    /// Text of a field; numbers and booleans as they are written. `None` if it is absent or no text.
    pub(crate) fn text<'n>(&mut self, table: &Table<'n>, name: &str) -> Option<(&'n str, Position)> {
        let node = table.get(name)?;
        self.scalar(node, &table.path(name)).map(|text| (text, node.at))
    }

    /// Text of a node, as [`Self::text`].
    pub(crate) fn scalar<'n>(&mut self, node: &'n Node, path: &str) -> Option<&'n str> {
        let text = node.scalar();
        if text.is_none() {
            self.fault(path, node.at, format!("must be text, not {}", node.kind()));
        }
        text
    }

    /// `true` or `false`.
    pub(crate) fn boolean(&mut self, table: &Table<'_>, name: &str) -> Option<bool> {
        let node = table.get(name)?;
        if let Value::Bool(value, _) = node.value {
            return Some(value);
        }
        self.fault(table.path(name), node.at, "must be true or false");
        None
    }

    /// A whole number within bounds.
    pub(crate) fn number(
        &mut self,
        table: &Table<'_>,
        name: &str,
        bounds: std::ops::RangeInclusive<i32>,
    ) -> Option<i32> {
        let node = table.get(name)?;
        let number =
            node.scalar().and_then(|text| text.parse().ok()).filter(|number| bounds.contains(number));
        if number.is_none() {
            let message = format!("must be a whole number from {} to {}", bounds.start(), bounds.end());
            self.fault(table.path(name), node.at, message);
        }
        number
    }

    /// One of a few words. `message` tells which.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        table: &Table<'_>,
        name: &str,
        choices: &[(&str, T)],
        message: &str,
    ) -> Option<T> {
        let node = table.get(name)?;
        let found = choices.iter().find(|(word, _)| node.scalar() == Some(*word));
        if found.is_none() {
            self.fault(table.path(name), node.at, message);
        }
        found.map(|(_, value)| *value)
    }
}

impl<'n> Table<'n> {
    /// A map that is not there; its faults are told at `at`.
    pub(crate) fn empty(path: &str, at: Position) -> Self {
        Self { path: path.to_owned(), at, fields: BTreeMap::new() }
    }

    /// Path of a field of this map.
    pub(crate) fn path(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Where the map begins.
    pub(crate) fn at(&self) -> Position {
        self.at
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.fields.get(name).copied()
    }
}

/// For maps whose fields belong nowhere else.
pub(crate) fn nowhere(_: &str) -> Option<&'static str> {
    None
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The known name that was probably meant, else all of them.
fn nearest(name: &str, known: &[&str]) -> String {
    let plain =
        |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let wanted = plain(name);
    let best = known.iter().map(|one| (distance(&wanted, &plain(one)), one)).min();
    match best {
        Some((away, one)) if away <= 2 && away < one.len() => format!("did you mean \"{one}\"?"),
        _ => format!("known here: {}", known.join(", ")),
    }
}

/// Number of letters to put in, take out or change (Levenshtein). Long names are far from everything.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > 40 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (n, letter) in one.chars().enumerate() {
        let mut next = vec![n + 1];
        for (m, candidate) in other.chars().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX - 1);
            let change = at(&row, m) + usize::from(letter != candidate);
            next.push(change.min(at(&row, m + 1) + 1).min(at(&next, m) + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_name_is_offered() {
        let known = ["id", "title", "files", "env", "commands", "network"];
        assert_eq!(nearest("command", &known), "did you mean \"commands\"?");
        assert_eq!(nearest("Title", &known), "did you mean \"title\"?");
        assert_eq!(nearest("volumes", &known), "known here: id, title, files, env, commands, network");
        assert_eq!(nearest("x", &known), "known here: id, title, files, env, commands, network");
    }

    #[test]
    fn keys_that_are_written_twice_are_told_with_both_lines() {
        let node = crate::yaml::parse("a: 1\nb: 2\na: 3\n").unwrap();
        let mut reader = Reader::default();
        assert_eq!(reader.entries(&node, "x").len(), 2);
        let faults = reader.finish(()).unwrap_err();
        assert_eq!(faults[0].to_string(), "x.a: written twice; the first is in line 1");
        assert_eq!((faults[0].line, faults[0].column), (3, 1));
    }

    #[test]
    fn spelling_is_kept() {
        let node = crate::yaml::parse("a: 1.30\nb: yes\nc: 0x1F\nd: &n 007\ne: *n\nf: \"8\"\n").unwrap();
        let mut reader = Reader::default();
        let texts: Vec<_> = reader.entries(&node, "").into_iter().map(|entry| entry.value.scalar()).collect();
        assert_eq!(texts, ["1.30", "yes", "0x1F", "007", "007", "8"].map(Some));
    }
}
