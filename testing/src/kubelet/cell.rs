//! One container of a played pod.

use k8s_openapi::api::core::v1::Container;
use k8s_openapi::jiff::Timestamp;

/// One container, as its node knows it.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Name in the spec.
    pub name: String,
    /// Image of the container that was made last.
    pub image: String,
    /// Its id; nothing before the first.
    pub id: String,
    /// Containers made after the first.
    pub restarts: i32,
    /// What it does.
    pub state: State,
    /// How the one before ended.
    pub last: Option<Ended>,
    /// Ends of containers of this image in a row, each within kubelet's back-off.
    pub crashes: u32,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// It is still to be made, or made again.
    Waiting {
        /// Kubelet's word.
        reason: String,
        /// Its words.
        message: String,
    },
    /// It runs since then.
    Running(Timestamp),
    /// It ended.
    Ended(Ended),
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Exit code.
    pub code: i32,
    /// `Completed`, `Error`, `OOMKilled`.
    pub reason: String,
    /// Its id.
    pub id: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
}

impl Cell {
    /// A container that is still to be made.
    pub fn new(container: &Container, waits_for_init: bool) -> Self {
        let reason = if waits_for_init { "PodInitializing" } else { "ContainerCreating" };
        Self {
            name: container.name.clone(),
            image: String::new(),
            id: String::new(),
            restarts: 0,
            state: State::Waiting { reason: reason.to_owned(), message: String::new() },
            last: None,
            crashes: 0,
        }
    }

    /// A new container of this image runs.
    pub fn start(&mut self, image: &str, id: String, now: Timestamp) {
        if let State::Ended(ended) = &self.state {
            self.last = Some(ended.clone());
        }
        if !self.id.is_empty() {
            self.restarts += 1;
        }
        image.clone_into(&mut self.image);
        self.id = id;
        self.state = State::Running(now);
    }

    /// The container ends, if it runs.
    pub fn end(&mut self, code: i32, reason: &str, now: Timestamp) {
        if let State::Running(started) = self.state {
            self.state = State::Ended(Ended {
                code,
                reason: reason.to_owned(),
                id: self.id.clone(),
                started,
                finished: now,
            });
        }
    }

    /// It cannot be made for now.
    pub fn wait(&mut self, reason: &str, message: String) {
        if let State::Ended(ended) = &self.state {
            self.last = Some(ended.clone());
        }
        self.state = State::Waiting { reason: reason.to_owned(), message };
    }

    /// Whether it runs.
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Running(_))
    }

    /// How the newest container ended, also while the next one is waited for.
    pub fn ended(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            State::Waiting { .. } => self.last.as_ref(),
            State::Running(_) => None,
        }
    }

    /// Whether it came to a good end.
    pub fn completed(&self) -> bool {
        matches!(&self.state, State::Ended(ended) if ended.code == 0)
    }
}

/// `Completed` or `Error`, as containerd says of an exit code.
pub fn word(code: i32) -> &'static str {
    if code == 0 { "Completed" } else { "Error" }
}
