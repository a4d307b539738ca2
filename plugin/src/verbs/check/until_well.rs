//! `--wait`: looks again until nothing has to be repaired. Redrawn on a terminal, lines otherwise.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Check;
use super::finding::{Finding, State, any_failed};
use super::text::{self, tick};
use crate::colour::When;
use crate::context::Context;
use crate::error::Error;
use crate::exit::Exit;
use crate::output;
use crate::screen::Screen;

/// From the end of one look to the next.
const PAUSE: Duration = Duration::from_secs(2);

/// Looks until all is well, at most for `limit`.
///
/// # Errors
/// Exit 5 with what is left to be repaired; the report is printed before.
pub async fn run(check: &Check, context: &Context, limit: Duration, color: When) -> Result<Exit, Error> {
    let deadline = Instant::now() + limit;
    let draws =
        check.output.output.is_none() && std::io::stdout().is_terminal() && crate::progress::redraws();
    let (mut screen, mut said) = (Screen::default(), BTreeMap::new());
    loop {
        let findings = check.look(context).await;
        let next = Instant::now() + PAUSE;
        let over = !any_failed(&findings) || next > deadline;
        match (draws, over) {
            (true, _) => screen.draw(&text::lines(&findings, check.how(color)))?,
            (false, true) => check.print(context, &findings, color)?,
            (false, false) => say_changes(&findings, &mut said),
        }
        if over {
            return conclude(&findings, limit);
        }
        sleep_until(next).await;
    }
}

/// A line on standard error for every check that says something else than before.
fn say_changes(findings: &[Finding], said: &mut BTreeMap<&'static str, String>) {
    for finding in findings {
        let before = said.insert(finding.check.id, finding.what.clone());
        let news = before.as_ref() != Some(&finding.what);
        if news && (before.is_some() || finding.state == State::Fail) {
            let time = jiff::Zoned::now().strftime("%H:%M:%S");
            let what = crate::table::plain(&finding.what);
            eprintln!("{time} {} {}: {what}", tick(finding.state, false), finding.check.id);
        }
    }
}

fn conclude(findings: &[Finding], limit: Duration) -> Result<Exit, Error> {
    let failed: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.state == State::Fail)
        .map(|finding| finding.check.id)
        .collect();
    if failed.is_empty() {
        return Ok(Exit::Fine);
    }
    Err(Error::TimedOut {
        what: "the cluster is not well".to_owned(),
        after: limit,
        why: format!("to be repaired: {}", failed.join(", ")),
        todo: format!("repair what is said above, then look again: {}", output::again("check")),
    })
}
