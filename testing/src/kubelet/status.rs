//! The status that kubelet writes of a pod: phase, conditions, containers. Pure.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::cell::{Cell, Ended, State};
use super::conditions::{Since, conditions};
use super::run::{Run, init_of, restarts};

/// The strategic merge patch of a status; conditions of others stay.
pub fn status(run: &Run, spec: &PodSpec, since: &mut Since, now: Timestamp) -> Value {
    let phase = phase(run, spec);
    let conditions: Vec<_> = conditions(run, phase, spec)
        .into_iter()
        .map(|condition| since.stamp(&condition, run.observed, now))
        .collect();
    let verdict = run.verdict.as_ref().filter(|verdict| verdict.phase == phase);
    json!({
        "observedGeneration": run.observed,
        "phase": phase,
        "reason": verdict.map(|verdict| &verdict.reason),
        "message": verdict.map(|verdict| &verdict.message),
        "startTime": second(run.since),
        "hostIP": run.host,
        "hostIPs": [{"ip": run.host}],
        "podIP": run.address,
        "podIPs": run.address.iter().map(|ip| json!({"ip": ip})).collect::<Vec<_>>(),
        "conditions": conditions,
        "initContainerStatuses": all(&run.init, init_of(spec), true),
        "containerStatuses": all(&run.main, &spec.containers, false),
    })
}

/// As `getPhase` of kubelet.
pub fn phase<'a>(run: &'a Run, spec: &PodSpec) -> &'a str {
    let init_failed = run.init.iter().any(|cell| cell.ended().is_some_and(|end| end.code != 0));
    let ended = || run.main.iter().all(|cell| cell.ended().is_some());
    if let Some(verdict) = &run.verdict {
        return &verdict.phase;
    }
    if init_failed && (run.terminal || !restarts(spec, 1)) {
        return "Failed";
    }
    let waits = |cell: &Cell| matches!(cell.state, State::Waiting { .. }) && cell.last.is_none();
    if run.init.iter().any(|cell| !cell.completed()) || run.main.iter().any(waits) {
        return "Pending";
    }
    let again = |cell: &Cell| cell.ended().is_some_and(|end| restarts(spec, end.code));
    if !ended() || (!run.terminal && run.main.iter().any(again)) {
        return "Running";
    }
    let failed = run.main.iter().any(|cell| cell.ended().is_some_and(|end| end.code != 0));
    if failed { "Failed" } else { "Succeeded" }
}

fn all(cells: &[Cell], containers: &[Container], is_init: bool) -> Vec<Value> {
    cells.iter().zip(containers).map(|(cell, container)| one(cell, container, is_init)).collect()
}

fn one(cell: &Cell, container: &Container, is_init: bool) -> Value {
    let ready = if is_init { cell.completed() } else { cell.runs() };
    let mut value = json!({
        "name": cell.name,
        "image": if cell.image.is_empty() { container.image.as_deref().unwrap_or_default() } else { &cell.image },
        "imageID": image_id(&cell.image),
        "ready": ready,
        "started": cell.runs(),
        "restartCount": cell.restarts,
        "state": state(&cell.state),
        "lastState": cell.last.as_ref().map_or_else(|| json!({}), terminated),
    });
    if let Some(fields) = value.as_object_mut().filter(|_| !cell.id.is_empty()) {
        fields.insert("containerID".to_owned(), json!(cell.id));
    }
    value
}

/// The image as the runtime names it: by repository and digest, without the tag.
fn image_id(image: &str) -> String {
    let Some((name, digest)) = image.rsplit_once('@') else { return image.to_owned() };
    let repository = match name.rsplit_once(':') {
        // A colon before the last slash is that of a port.
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    };
    format!("{repository}@{digest}")
}

fn state(state: &State) -> Value {
    match state {
        State::Waiting { reason, message } if message.is_empty() => json!({"waiting": {"reason": reason}}),
        State::Waiting { reason, message } => json!({"waiting": {"reason": reason, "message": message}}),
        State::Running(since) => json!({"running": {"startedAt": second(*since)}}),
        State::Ended(ended) => terminated(ended),
    }
}

fn terminated(ended: &Ended) -> Value {
    json!({"terminated": {
        "exitCode": ended.code,
        "reason": ended.reason,
        "containerID": ended.id,
        "startedAt": second(ended.started),
        "finishedAt": second(ended.finished),
    }})
}

/// Times in objects have whole seconds.
pub(super) fn second(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second()).unwrap_or(time).to_string()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;

    use super::*;

    fn pod(policy: &str) -> Pod {
        serde_json::from_value(json!({"spec": {
            "restartPolicy": policy, "initContainers": [{"name": "i", "image": "i"}],
            "containers": [{"name": "w", "image": "h:5/r/w:g1@sha256:a"}]
        }}))
        .unwrap()
    }

    fn run(pod: &Pod) -> Run {
        let mut run = Run::new(pod, "h", Timestamp::UNIX_EPOCH);
        run.address = Some("a".to_owned());
        run
    }

    fn initialized(pod: &Pod) -> Run {
        let mut run = run(pod);
        run.init[0].start("i", "1".to_owned(), Timestamp::UNIX_EPOCH);
        run.init[0].end(0, "Completed", Timestamp::UNIX_EPOCH);
        run
    }

    fn of(run: &Run, pod: &Pod) -> Value {
        status(run, pod.spec.as_ref().unwrap(), &mut Since::default(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_phase_follows_the_containers() {
        let always = pod("Always");
        let spec = always.spec.as_ref().unwrap();
        assert_eq!(phase(&run(&always), spec), "Pending");
        let mut one = initialized(&always);
        assert_eq!(phase(&one, spec), "Pending");
        one.main[0].start("a", "2".to_owned(), Timestamp::UNIX_EPOCH);
        assert_eq!(phase(&one, spec), "Running");
        one.main[0].end(1, "Error", Timestamp::UNIX_EPOCH);
        assert_eq!(phase(&one, spec), "Running", "it is made again");
        one.main[0].wait("CrashLoopBackOff", String::new());
        assert_eq!(phase(&one, spec), "Running");
        one.terminal = true;
        assert_eq!(phase(&one, spec), "Failed");
        let once = pod("OnFailure");
        let mut one = initialized(&once);
        one.main[0].start("a", "2".to_owned(), Timestamp::UNIX_EPOCH);
        one.main[0].end(0, "Completed", Timestamp::UNIX_EPOCH);
        assert_eq!(phase(&one, once.spec.as_ref().unwrap()), "Succeeded");
    }

    #[test]
    fn containers_are_told_of_as_the_runtime_names_them() {
        let pod = pod("Always");
        let mut one = initialized(&pod);
        assert_eq!(of(&one, &pod)["containerStatuses"][0]["state"]["waiting"]["reason"], "PodInitializing");
        one.main[0].start("h:5/r/w:g1@sha256:a", "2".to_owned(), Timestamp::UNIX_EPOCH);
        let told = of(&one, &pod);
        assert_eq!(told["containerStatuses"][0]["imageID"], "h:5/r/w@sha256:a");
        assert_eq!(told["conditions"][2]["status"], "True");
        assert_eq!(told["conditions"][2]["reason"], Value::Null);
        one.main[0].end(137, "OOMKilled", Timestamp::UNIX_EPOCH);
        one.main[0].wait("CrashLoopBackOff", "back-off".to_owned());
        let told = of(&one, &pod);
        assert_eq!(told["containerStatuses"][0]["lastState"]["terminated"]["reason"], "OOMKilled");
        assert_eq!(told["conditions"][2]["message"], "containers with unready status: [w]");
        assert_eq!(image_id("h:5/w@sha256:a"), "h:5/w@sha256:a");
    }

    #[test]
    fn a_condition_keeps_its_time_until_it_turns() {
        let pod = pod("Always");
        let (one, mut since) = (run(&pod), Since::default());
        let spec = pod.spec.as_ref().unwrap();
        let first = status(&one, spec, &mut since, Timestamp::UNIX_EPOCH);
        let later = Timestamp::from_second(9).unwrap();
        assert_eq!(first, status(&one, spec, &mut since, later));
        let mut over = one;
        over.terminal = true;
        over.init[0].start("i", "1".to_owned(), later);
        over.init[0].end(1, "Error", later);
        let told = status(&over, spec, &mut since, later);
        assert_eq!(told["conditions"][2]["reason"], "PodFailed");
        assert_eq!(told["conditions"][2]["lastTransitionTime"], first["conditions"][2]["lastTransitionTime"]);
    }
}
