//! What a person reads of an error: what failed, where, why, what to do; and the exit code.

use std::fmt::Write as _;

use crate::error::Error;
use crate::exit::Exit;
use crate::explain;
use crate::program;

/// What a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How the program ends.
    pub exit: Exit,
    /// What failed.
    pub what: String,
    /// Where: class and cluster, or a file.
    pub place: String,
    /// Why; several lines for several faults.
    pub why: Vec<String>,
    /// What to do.
    pub todo: String,
    /// What lies behind it, for `-v`.
    pub causes: Vec<String>,
}

impl Report {
    fn new(exit: Exit, error: &Error) -> Self {
        let (what, causes) = (error.to_string(), causes(error));
        Self { exit, what, place: String::new(), why: Vec::new(), todo: String::new(), causes }
    }

    fn place(mut self, place: impl Into<String>) -> Self {
        self.place = place.into();
        self
    }

    fn why(mut self, why: impl Into<String>) -> Self {
        self.why.extend(why.into().lines().map(str::to_owned));
        self
    }

    fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = todo.into();
        self
    }

    /// The lines on standard error.
    #[must_use]
    pub fn text(&self, verbose: bool) -> String {
        let mut text = format!("error: {}\n", self.what);
        let mut line = |word: &str, content: &str| {
            if !content.is_empty() {
                let _ = writeln!(text, "  {word:<6} {content}");
            }
        };
        line("where:", &self.place);
        for (nth, why) in self.why.iter().enumerate() {
            line(if nth == 0 { "why:" } else { "" }, why);
        }
        for (nth, todo) in self.todo.lines().enumerate() {
            line(if nth == 0 { "do:" } else { "" }, todo);
        }
        if verbose {
            for cause in &self.causes {
                line("cause:", cause);
            }
        }
        text
    }
}

impl Error {
    /// What failed, where, why, what to do, and the exit code.
    #[must_use]
    pub fn report(&self) -> Report {
        let report = |exit| Report::new(exit, self);
        match self {
            Self::Api { place, source, .. } => {
                let explained = explain::explain(source);
                report(explained.exit).place(place).why(explained.why).todo(explained.todo)
            }
            Self::NoAnswer { place, after, .. } => report(Exit::Failed)
                .place(place)
                .why(format!("the API server gave no answer within {after:?}"))
                .todo(
                    "look whether it answers (kubectl get --raw /readyz), \
                       or allow more with --request-timeout",
                ),
            Self::Kubeconfig { files, source } => {
                let (why, todo) = explain::kubeconfig(source);
                report(Exit::Failed).place(files).why(why).todo(todo)
            }
            Self::Usage { todo, .. } => report(Exit::WrongUsage).todo(todo),
            Self::NotFound { why, todo, .. } => report(Exit::NotFound).why(why).todo(todo),
            Self::FixedByPlatformTeam { field, manager, tracker, .. } => report(Exit::NotAllowed)
                .why(format!(
                    "{field} is declared in Git: {tracker} tracks the object, \
                              and \"{manager}\" owns the field"
                ))
                .todo(format!(
                    "change it in Git, or ask for {field} to be left out there: \
                               what Git does not declare is free"
                )),
            Self::Blocked { why, todo, .. } | Self::TimedOut { why, todo, .. } => {
                report(Exit::TimedOut).why(why).todo(todo)
            }
            Self::Stalled { why, todo, .. } => report(Exit::Failed).why(why).todo(todo),
            Self::Gone { .. } => report(Exit::Failed)
                .why("somebody deleted it meanwhile")
                .todo(format!("list what there is: {} status", program::name())),
            Self::Artifact { place, why } => report(Exit::Failed).place(place).why(why).todo(format!(
                "build it again: {} build compile FOLDER; or take it from where it came from",
                program::name()
            )),
            Self::Registry { registry, why, .. } => {
                let (why, todo) = advised(why, "look whether the registry runs and can be reached");
                report(Exit::Failed).place(format!("registry {registry}")).why(why).todo(todo)
            }
            Self::Build { why, todo, .. } => report(Exit::Failed).why(why).todo(todo),
            Self::Declined { todo, .. } => report(Exit::Declined).todo(todo),
            Self::PartFailed { .. } => {
                report(Exit::PartFailed).todo("repair what is said above and run the same command again")
            }
            Self::Interrupted { left } => {
                report(Exit::Interrupted).why(left.as_deref().unwrap_or("nothing was left half done"))
            }
            Self::PipeClosed => report(Exit::Failed),
            Self::Print(source) => report(Exit::Failed).why(source.to_string()),
            Self::Runtime(source) => report(Exit::Failed).why(source.to_string()),
        }
    }
}

/// Divides a sentence of the image code, which ends with what to do after a semicolon.
#[must_use]
pub fn advised<'a>(sentence: &'a str, otherwise: &'a str) -> (&'a str, &'a str) {
    sentence.rsplit_once("; ").unwrap_or((sentence, otherwise))
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes.dedup();
    causes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_report_says_what_where_why_and_what_to_do() {
        let error = Error::NoAnswer {
            doing: "read instance ana".to_owned(),
            place: "class monday, cluster https://api:6443".to_owned(),
            after: Duration::from_secs(30),
        };
        insta::assert_snapshot!(error.report().text(false), @r"
        error: cannot read instance ana
          where: class monday, cluster https://api:6443
          why:   the API server gave no answer within 30s
          do:    look whether it answers (kubectl get --raw /readyz), or allow more with --request-timeout
        ");
    }

    #[test]
    fn a_field_of_the_platform_team_names_its_owner() {
        let error = Error::FixedByPlatformTeam {
            doing: "move ana to pipes".to_owned(),
            field: "spec.currentStep",
            manager: "argocd-controller".to_owned(),
            tracker: "Argo CD",
        };
        assert_eq!(error.report().exit, Exit::NotAllowed);
        insta::assert_snapshot!(error.report().text(false), @r#"
        error: cannot move ana to pipes: fixed by your platform team
          why:   spec.currentStep is declared in Git: Argo CD tracks the object, and "argocd-controller" owns the field
          do:    change it in Git, or ask for spec.currentStep to be left out there: what Git does not declare is free
        "#);
    }

    #[test]
    fn an_interruption_says_what_goes_on() {
        let error = Error::Interrupted { left: Some("ana goes on moving to pipes".to_owned()) };
        assert_eq!(error.report().exit, Exit::Interrupted);
        assert!(error.report().text(false).contains("ana goes on moving"));
    }
}
