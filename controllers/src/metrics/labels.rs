//! Labels: pairs of static words.

/// A set of labels; static words cannot come from an object.
pub type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The word of `known` that equals `word`, or `Other`: what a status says is text, and a label is not.
pub fn known(word: &str, known: &[&'static str]) -> &'static str {
    known.iter().find(|known| **known == word).copied().unwrap_or("Other")
}
