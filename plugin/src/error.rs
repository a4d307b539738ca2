//! Everything that can go wrong, as one enum; [`Error::report`] turns it into what a person reads:
//! what failed, why, what to do, and the exit code.

use std::fmt::Write as _;
use std::time::Duration;

use kube::config::KubeconfigError;
use thiserror::Error;

use crate::exit::Exit;
use crate::explain;
use crate::program;

/// Why a command did not do what was asked.
#[derive(Debug, Error)]
#[allow(dead_code)]
pub enum Error {
    /// The API server refused or was not reached.
    #[error("cannot {doing}")]
    Api {
        /// What was tried, after "cannot".
        doing: String,
        /// Class and cluster.
        place: String,
        /// What came back.
        source: Box<kube::Error>,
    },
    /// No answer within `--request-timeout`.
    #[error("cannot {doing}")]
    NoAnswer {
        /// What was tried, after "cannot".
        doing: String,
        /// Class and cluster.
        place: String,
        /// How long was waited.
        after: Duration,
    },
    /// The kubeconfig cannot be used.
    #[error("cannot read the kubeconfig")]
    Kubeconfig {
        /// Files that were read.
        files: String,
        /// What is wrong with them.
        source: Box<KubeconfigError>,
    },
    /// The command line asks for what cannot be.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to write instead.
        todo: String,
    },
    /// A named thing does not exist.
    #[error("{what}")]
    NotFound {
        /// What is missing.
        what: String,
        /// What there is instead.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// The field is declared by whoever tracks the object (D9, D56).
    #[error("cannot {doing}: fixed by your platform team")]
    FixedByPlatformTeam {
        /// What was tried, after "cannot".
        doing: String,
        /// Path of the field.
        field: &'static str,
        /// Field manager that owns it.
        manager: String,
        /// Argo CD or Flux.
        tracker: &'static str,
    },
    /// Waiting took too long.
    #[error("{what} within {after:?}")]
    TimedOut {
        /// What did not come, for example "ana is not ready".
        what: String,
        /// How long was waited.
        after: Duration,
        /// Last reason and message.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// The operator says that a person has to act.
    #[error("{what}")]
    Stalled {
        /// What does not go on.
        what: String,
        /// Reason and message.
        why: String,
        /// Where to look.
        todo: String,
    },
    /// The object went away while it was waited for.
    #[error("{what}")]
    Gone {
        /// What went away.
        what: String,
    },
    /// A person said no, or nobody could be asked.
    #[error("{what}")]
    Declined {
        /// What was not done.
        what: String,
        /// How to do it.
        todo: String,
    },
    /// Some of several targets failed; each was reported when it did.
    #[error("{failed} of {of} failed")]
    PartFailed {
        /// How many failed.
        failed: usize,
        /// Out of how many.
        of: usize,
    },
    /// The file is not an artifact that this version can read.
    #[error("cannot read the artifact")]
    Artifact {
        /// Path of the file.
        place: String,
        /// What is wrong with it.
        why: String,
    },
    /// A registry refused or was not reached.
    #[error("{what}")]
    Registry {
        /// What was not done.
        what: String,
        /// Host and port.
        registry: String,
        /// What it said, and what to do.
        why: String,
    },
    /// The workshop cannot be built.
    #[error("{what}")]
    Build {
        /// What was not done.
        what: String,
        /// Every fault on a line.
        why: String,
        /// How to go on.
        todo: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted {
        /// What goes on in the cluster.
        left: Option<String>,
    },
    /// Whoever read standard output has gone; nobody is left to tell.
    #[error("the other end of the pipe is closed")]
    PipeClosed,
    /// An object cannot be written as JSON or YAML.
    #[error("cannot print the result")]
    Print(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The operating system refused what every program needs.
    #[error("cannot start")]
    Runtime(#[source] std::io::Error),
}

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
                .todo("look whether it answers (kubectl get --raw /readyz), or allow more with --request-timeout"),
            Self::Kubeconfig { files, source } => {
                let (why, todo) = explain::kubeconfig(source);
                report(Exit::Failed).place(files).why(why).todo(todo)
            }
            Self::Usage { todo, .. } => report(Exit::WrongUsage).todo(todo),
            Self::NotFound { why, todo, .. } => report(Exit::NotFound).why(why).todo(todo),
            Self::FixedByPlatformTeam { field, manager, tracker, .. } => report(Exit::NotAllowed)
                .why(format!("{field} is declared in Git: {tracker} tracks the object, and \"{manager}\" owns the field"))
                .todo(format!("change it in Git, or ask for {field} to be left out there: what Git does not declare is free")),
            Self::TimedOut { why, todo, .. } => report(Exit::TimedOut).why(why).todo(todo),
            Self::Stalled { why, todo, .. } => report(Exit::Failed).why(why).todo(todo),
            Self::Gone { .. } => report(Exit::Failed)
                .why("somebody deleted it meanwhile")
                .todo(format!("list what there is: {} status", program::name())),
            Self::Artifact { place, why } => report(Exit::Failed).place(place).why(why).todo(format!(
                "build it again: {} build compile FOLDER; or take it from where it came from",
                program::name()
            )),
            Self::Registry { registry, why, .. } => {
                // The registry code ends its sentences with what to do.
                let (why, todo) = why.rsplit_once("; ").unwrap_or((why, "look whether the registry runs and can be reached"));
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
