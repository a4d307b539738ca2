//! The next single move of the pod.

use api::v1::OperatingMode;
use wire::{Digest, ImageReference};

use super::check::Checked;
use super::gather::Gathered;
use super::nonce::nonce;
use super::plan::{Planned, PodMove, Swap};
use super::pulled::Pulled;
use super::seen::{PodSeen, Waiting};
use super::stage::Stage;
use super::wishes::between;
use crate::children::pod::{PodWish, workspace_pod};
use crate::children::pull_pod::{pull_name, pull_pod};
use crate::config::Config;

/// Decides the pod's move and notes it in the plan.
pub struct Mover<'a, P> {
    pub gathered: &'a Gathered,
    pub checked: &'a Checked,
    pub config: &'a Config,
    pub pulled: &'a P,
    pub planned: &'a mut Planned,
}

impl<P: Fn(&str, &Digest) -> Pulled> Mover<'_, P> {
    /// The stage that holds once the move is made.
    pub fn next(&mut self) -> Stage {
        let suspended = self.checked.mode == OperatingMode::Suspended;
        match &self.gathered.pod {
            None if suspended => Stage::Suspended,
            None => self.create(),
            Some(pod) if pod.deleting && suspended => Stage::Suspending,
            Some(pod) if pod.deleting => {
                Stage::PodLost { message: "the pod is being deleted".to_owned(), node: pod.node.clone() }
            }
            Some(pod) if suspended => {
                self.planned.pod = PodMove::Delete { uid: pod.uid.clone() };
                Stage::Suspending
            }
            Some(pod) => match &pod.finished {
                Some(reason) => {
                    self.planned.pod = PodMove::Delete { uid: pod.uid.clone() };
                    Stage::PodLost { message: format!("the pod ended: {reason}"), node: pod.node.clone() }
                }
                None => self.running(pod),
            },
        }
    }

    fn create(&mut self) -> Stage {
        let image = nonce(&self.checked.image, self.generation(), None, &self.checked.digest);
        let pod = workspace_pod(&PodWish {
            owner: &self.gathered.owner,
            effective: &self.checked.effective,
            asked: &self.checked.asked,
            image: &image,
            agent_image: &self.config.agent_image,
        });
        self.planned.pod = PodMove::Create(Box::new(pod));
        Stage::Preparing
    }

    fn running(&mut self, pod: &PodSeen) -> Stage {
        match self.target(pod) {
            Some(digest) => self.settle(pod, &digest),
            None => self.start_move(pod),
        }
    }

    /// The digest that the pod was rightly asked for, or nothing when it has to move.
    ///
    /// A template that changed under a running step is no reason to move: the digest that status
    /// has proven stays right until somebody moves or resets.
    fn target(&self, pod: &PodSeen) -> Option<Digest> {
        let asked = pod.asked.as_ref()? == &self.checked.asked;
        let digest = pod.wanted_digest()?;
        let proven = self.gathered.instance.status.as_ref().and_then(|status| status.current_step.as_ref());
        let right = digest == self.checked.digest
            || proven
                .is_some_and(|step| step.digest == digest.as_str() && step.id == self.checked.asked.step);
        (asked && right).then_some(digest)
    }

    /// The image was asked for: is it proven, and is what comes next on the node?
    fn settle(&mut self, pod: &PodSeen, digest: &Digest) -> Stage {
        if pod.proves(digest) {
            return match &pod.node {
                Some(node) if !pod.node_reports => Stage::NodeSilent(node.clone()),
                node => {
                    self.hold(node.as_deref(), digest);
                    Stage::Proven(digest.clone())
                }
            };
        }
        // Until kubelet has seen the newest spec it speaks of the container before.
        if let Some(waiting) = pod.waiting.as_ref().filter(|_| pod.observed) {
            let stage = what_it_means(waiting);
            if matches!(stage, Stage::PullFailed { .. }) {
                // The credentials may have been renewed since they were copied.
                self.planned.pull_secrets.clone_from(&self.checked.effective.pull_secrets);
            }
            return stage;
        }
        match &pod.unscheduled {
            Some(message) if pod.node.is_none() => Stage::Scheduling(message.clone()),
            _ => Stage::Swapping { image_present: self.has_image(pod, digest) },
        }
    }

    /// Pull first, then swap (D27): nothing usable is taken away for an image that is not there.
    fn start_move(&mut self, pod: &PodSeen) -> Stage {
        let digest = &self.checked.digest;
        if let Some(node) = pod.node.as_deref().filter(|node| self.is_usable(pod, node))
            && pod.running_digest.as_ref() != Some(digest)
        {
            let usable = self.usable_step(pod);
            match (self.pulled)(node, digest) {
                Pulled::Held => {}
                Pulled::Pulling { uid, since } => {
                    self.ask_after(node, uid, since);
                    return Stage::Pulling { image: self.image_name(digest), usable };
                }
                Pulled::Going => return Stage::Pulling { image: self.image_name(digest), usable },
                Pulled::Unknown => {
                    self.make_pull(node, &self.checked.image, digest);
                    return Stage::Pulling { image: self.image_name(digest), usable };
                }
                Pulled::Failed { uid, since, image, reason, message, .. } => {
                    self.retry_pull(node, uid, since);
                    return Stage::PullFailed { image, reason, message, usable: Some(usable) };
                }
            }
        }
        self.planned.pod = PodMove::Swap(Swap {
            uid: pod.uid.clone(),
            container: pod.container,
            old_image: pod.image.clone(),
            new_image: nonce(&self.checked.image, self.generation(), Some(pod), digest),
            asked: self.checked.asked.clone(),
            replaces: pod.container_id.clone(),
        });
        Stage::Swapping { image_present: self.has_image(pod, digest) }
    }

    /// Whether the learner has something to lose: a container that runs, or one whose image lies on
    /// the node and is about to.
    fn is_usable(&self, pod: &PodSeen, node: &str) -> bool {
        let about_to_run = || {
            pod.waiting.is_none()
                && pod.wanted_digest().is_some_and(|digest| (self.pulled)(node, &digest) == Pulled::Held)
        };
        pod.running || about_to_run()
    }

    fn usable_step(&self, pod: &PodSeen) -> String {
        let status = self.gathered.instance.status.as_ref();
        let proven = || status.and_then(|status| status.current_step.as_ref()).map(|step| step.id.clone());
        pod.asked.as_ref().map(|asked| asked.step.clone()).or_else(proven).unwrap_or_default()
    }

    fn has_image(&self, pod: &PodSeen, digest: &Digest) -> bool {
        let held = |node: &String| (self.pulled)(node, digest) == Pulled::Held;
        pod.running_digest.as_ref() == Some(digest) || pod.node.as_ref().is_some_and(held)
    }

    /// A failed pull of the wanted step is tried again in a few seconds; kubelet alone would wait
    /// up to five minutes (D28).
    fn retry_pull(&mut self, node: &str, uid: String, since: jiff::Timestamp) {
        if between(since, self.gathered.now) >= self.config.bounds.pull_retry {
            self.planned.failed_pulls.push((pull_name(node, &self.checked.digest), uid));
        }
    }

    /// Kubelet tells of a failed pull only when it looks at the pod again, which may take it fifteen
    /// seconds. A touch makes it look; a second one would change nothing.
    fn ask_after(&mut self, node: &str, uid: String, since: jiff::Timestamp) {
        if between(since, self.gathered.now) >= self.config.bounds.pull_touch {
            self.planned.touched_pulls.push((pull_name(node, &self.checked.digest), uid));
        }
    }

    /// Asks for pull pods that hold the running image and the next one (D57), once each: kubelet's
    /// own retries are enough, and what ended badly is swept away and asked for again.
    fn hold(&mut self, node: Option<&str>, running: &Digest) {
        let Some(node) = node else { return };
        let checked = self.checked;
        // An image that the template no longer has is held by its container alone.
        let current = (*running == checked.digest).then_some((&checked.image, &checked.digest));
        let next = checked.next.as_ref().map(|(image, digest)| (image, digest));
        for (image, digest) in current.into_iter().chain(next.filter(|next| next.1 != running)) {
            if (self.pulled)(node, digest) == Pulled::Unknown {
                self.make_pull(node, image, digest);
            }
        }
    }

    fn make_pull(&mut self, node: &str, image: &ImageReference, digest: &Digest) {
        self.planned.pulls.push(pull_pod(
            &self.config.namespace,
            node,
            &format!("{}@{digest}", image.name()),
            digest,
            &self.config.agent_image,
            &self.checked.effective.pull_secrets,
        ));
    }

    fn image_name(&self, digest: &Digest) -> String {
        format!("{}@{digest}", self.checked.image.name())
    }

    fn generation(&self) -> i64 {
        self.gathered.instance.metadata.generation.unwrap_or_default()
    }
}

/// What kubelet's word means for a container that was asked for.
fn what_it_means(waiting: &Waiting) -> Stage {
    let Waiting { image, reason, message } = waiting.clone();
    match reason.as_str() {
        "ErrImagePull"
        | "ImagePullBackOff"
        | "ErrImageNeverPull"
        | "InvalidImageName"
        | "RegistryUnavailable"
        | "SignatureValidationFailed" => Stage::PullFailed { image, reason, message, usable: None },
        _ => Stage::StartFailed { reason, message },
    }
}
