//! Links and headings of a Markdown text, as far as our own documents use them.

/// A link, and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// Line, from 1.
    pub line: usize,
    /// What stands between the parentheses, without a title.
    pub target: String,
}

/// Every `[text](target)` outside code.
pub fn links(text: &str) -> Vec<Link> {
    let mut found = Vec::new();
    for (line, content) in outside_fences(text) {
        let mut rest = without_code(content);
        while let Some(start) = rest.find("](") {
            let after = rest.split_off(start + 2);
            let target = after.split([')', ' ']).next().unwrap_or_default().to_owned();
            if !target.is_empty() {
                found.push(Link { line, target });
            }
            rest = after;
        }
    }
    found
}

/// The anchors of every heading, as code hosts make them: lower case, spaces to hyphens, other
/// signs left out.
pub fn anchors(text: &str) -> Vec<String> {
    outside_fences(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

fn outside_fences(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fence: Option<&str> = None;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let start = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| start.starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                None
            }
            (Some(open), Some(mark)) if open == mark => {
                fence = None;
                None
            }
            (Some(_), _) => None,
            (None, None) => Some((index + 1, line)),
        }
    })
}

/// The line with everything between backquotes left out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_outside_code_are_found() {
        let text = "a [b](c.md#d) and [e](f.md \"title\")\n```\n[no](no.md)\n```\n`[no](no.md)` ![p](p.png)";
        let targets: Vec<_> = links(text).into_iter().map(|link| (link.line, link.target)).collect();
        let want = [(1, "c.md#d"), (1, "f.md"), (5, "p.png")];
        assert_eq!(targets, want.map(|(line, target)| (line, target.to_owned())));
    }

    #[test]
    fn headings_become_anchors() {
        assert_eq!(
            anchors("# The move, exactly\n## `spec.x`: a_b\n```\n# no\n```"),
            ["the-move-exactly", "specx-a_b"]
        );
    }
}
