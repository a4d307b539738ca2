//! A played pod: its containers, its address, how it ended; and what comes next. Pure.

use k8s_openapi::api::core::v1::{Container, Pod, PodSpec};
use k8s_openapi::jiff::Timestamp;

use super::cell::{Cell, State};

/// A pod, as its node knows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Containers before the others, one after the other.
    pub init: Vec<Cell>,
    /// Containers.
    pub main: Vec<Cell>,
    /// Address of the node.
    pub host: String,
    /// Address of the pod; nothing before its sandbox.
    pub address: Option<String>,
    /// Generation that was acted on.
    pub observed: Option<i64>,
    /// When kubelet took it.
    pub since: Timestamp,
    /// It is over, for the pod as a whole: evicted, node shut down.
    pub verdict: Option<Verdict>,
    /// Kubelet ends it: what has ended stays ended.
    pub terminal: bool,
}

/// Why a pod is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `Failed` or `Succeeded`.
    pub phase: String,
    /// `Evicted` and the like.
    pub reason: String,
    /// Kubelet's words.
    pub message: String,
}

/// What kubelet does next with a pod that it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Makes this init container.
    Init(usize),
    /// Ends this container, whose image was changed.
    Stop(usize),
    /// Makes this container.
    Start(usize),
    /// Nothing: all is as the spec says, or all has ended for good.
    Rest,
}

impl Run {
    /// A pod that has just come to its node.
    pub fn new(pod: &Pod, host: &str, now: Timestamp) -> Self {
        let spec = pod.spec.clone().unwrap_or_default();
        let has_init = !init_of(&spec).is_empty();
        Self {
            init: init_of(&spec).iter().map(|container| Cell::new(container, true)).collect(),
            main: spec.containers.iter().map(|container| Cell::new(container, has_init)).collect(),
            host: host.to_owned(),
            address: None,
            observed: None,
            since: now,
            verdict: None,
            terminal: false,
        }
    }

    /// The one thing to do now; `tried` says which containers failed in this round already.
    pub fn next(&self, spec: &PodSpec, tried: &[String]) -> Next {
        let free = |cell: &Cell| !tried.contains(&cell.name);
        if let Some(at) = self.init.iter().position(|cell| !cell.completed()) {
            let made = self.init.get(at);
            let again = |cell: &Cell| cell.ended().is_none() || restarts(spec, 1);
            return made
                .filter(|cell| free(cell) && again(cell) && !cell.runs())
                .map_or(Next::Rest, |_| Next::Init(at));
        }
        for (at, (cell, container)) in self.main.iter().zip(&spec.containers).enumerate() {
            let wanted = container.image.as_deref().unwrap_or_default();
            match &cell.state {
                State::Running(_) if cell.image != wanted => return Next::Stop(at),
                State::Running(_) => {}
                // A container that ended is made again by policy; one whose image changed, in any case.
                State::Waiting { .. } if free(cell) => return Next::Start(at),
                State::Ended(ended) if free(cell) && (cell.image != wanted || restarts(spec, ended.code)) => {
                    return Next::Start(at);
                }
                State::Waiting { .. } | State::Ended(_) => {}
            }
        }
        Next::Rest
    }

    /// All containers end.
    pub fn end_all(&mut self, code: i32, now: Timestamp) {
        for cell in self.init.iter_mut().chain(&mut self.main) {
            cell.end(code, super::cell::word(code), now);
        }
    }

    /// The container of this name.
    pub fn cell(&mut self, name: &str) -> Option<&mut Cell> {
        self.init.iter_mut().chain(&mut self.main).find(|cell| cell.name == name)
    }

    /// Images that its containers were made from, dead ones included.
    pub fn images(&self) -> impl Iterator<Item = &str> {
        self.init.iter().chain(&self.main).map(|cell| cell.image.as_str()).filter(|image| !image.is_empty())
    }
}

/// Whether a container that ended so is made again.
pub fn restarts(spec: &PodSpec, code: i32) -> bool {
    match spec.restart_policy.as_deref() {
        Some("Never") => false,
        Some("OnFailure") => code != 0,
        _ => true,
    }
}

/// Init containers of a spec.
pub fn init_of(spec: &PodSpec) -> &[Container] {
    spec.init_containers.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(policy: &str) -> Pod {
        serde_json::from_value(json!({"spec": {
            "restartPolicy": policy,
            "initContainers": [{"name": "i", "image": "i"}], "containers": [{"name": "w", "image": "a"}]
        }}))
        .unwrap()
    }

    fn next(run: &Run, pod: &Pod) -> Next {
        run.next(pod.spec.as_ref().unwrap(), &[])
    }

    fn started(pod: &Pod) -> Run {
        let now = Timestamp::UNIX_EPOCH;
        let mut run = Run::new(pod, "h", now);
        run.init[0].start("i", "1".to_owned(), now);
        run.init[0].end(0, "Completed", now);
        run.main[0].start("a", "2".to_owned(), now);
        run
    }

    #[test]
    fn init_containers_come_first_and_are_tried_again_by_policy() {
        for (policy, again) in
            [("Always", Next::Init(0)), ("OnFailure", Next::Init(0)), ("Never", Next::Rest)]
        {
            let pod = pod(policy);
            let mut run = Run::new(&pod, "h", Timestamp::UNIX_EPOCH);
            assert_eq!(next(&run, &pod), Next::Init(0));
            run.init[0].start("i", "1".to_owned(), Timestamp::UNIX_EPOCH);
            assert_eq!(next(&run, &pod), Next::Rest);
            run.init[0].end(3, "Error", Timestamp::UNIX_EPOCH);
            assert_eq!(next(&run, &pod), again, "{policy}");
            assert_eq!(run.next(pod.spec.as_ref().unwrap(), &["i".to_owned()]), Next::Rest);
        }
    }

    #[test]
    fn a_changed_image_is_stopped_and_made_again() {
        let mut pod = pod("Always");
        let mut run = started(&pod);
        assert_eq!(next(&run, &pod), Next::Rest);
        pod.spec.as_mut().unwrap().containers[0].image = Some("b".to_owned());
        assert_eq!(next(&run, &pod), Next::Stop(0));
        run.main[0].end(0, "Completed", Timestamp::UNIX_EPOCH);
        assert_eq!(next(&run, &pod), Next::Start(0));
        run.main[0].start("b", "3".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!((next(&run, &pod), run.main[0].restarts), (Next::Rest, 1));
    }

    #[test]
    fn what_completed_rests_unless_the_policy_is_always() {
        for (policy, code, wanted) in [
            ("Always", 0, Next::Start(0)),
            ("OnFailure", 0, Next::Rest),
            ("OnFailure", 1, Next::Start(0)),
            ("Never", 1, Next::Rest),
        ] {
            let pod = pod(policy);
            let mut run = started(&pod);
            run.main[0].end(code, "Error", Timestamp::UNIX_EPOCH);
            assert_eq!(next(&run, &pod), wanted, "{policy} {code}");
        }
    }
}
