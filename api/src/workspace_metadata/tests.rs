use proptest::prelude::*;
use serde_json::json;

use super::*;

fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => {
            faults.iter().map(|fault| format!("{}:{}: {fault}", fault.line, fault.column)).collect()
        }
    }
}

#[test]
fn every_field_becomes_a_default_of_the_template() {
    let settings = parse(
        "version: v1
lifecycle: {mode: ephemeral, ttl: 2h, idleSuspend: true}
isolation: {mode: individual}
cluster: {mode: per-workspace, version: 1.30}
resources: {cpu: 0.5, memory: 256Mi}
access: {webTerminal: {enabled: true}}
",
    )
    .unwrap();
    let expected = json!({
        "lifecycle": {"mode": "ephemeral", "ttl": "2h", "idleSuspend": {"enabled": true}},
        "isolation": {"mode": "individual"},
        "cluster": {"mode": "per-workspace", "version": "1.30"},
        "resources": {"cpu": "0.5", "memory": "256Mi"},
        "access": {"webTerminal": {"enabled": true}},
    });
    assert_eq!(serde_json::to_value(&settings).unwrap(), expected);
}

#[test]
fn only_the_version_is_required() {
    assert_eq!(parse("version: v1\n"), Ok(Settings::default()));
    assert_eq!(parse("version: v1\nlifecycle:\n"), Ok(Settings::default()));
    assert_eq!(faults(""), ["1:1: version: must be \"v1\""]);
}

#[test]
fn faults_are_told_in_the_words_of_the_domain() {
    for (fields, fault) in [
        ("lifecycle: {mode: forever}", "2:19: lifecycle.mode: must be \"persistent\" or \"ephemeral\""),
        ("isolation: {mode: pair}", "2:19: isolation.mode: must be \"individual\" or \"team\""),
        ("cluster: {mode: many}", "2:17: cluster.mode: must be \"none\", \"per-workspace\", or \"shared\""),
        ("lifecycle: {ttl: 2 hours}", "2:18: lifecycle.ttl: invalid duration format"),
        ("lifecycle: {ttl: 90}", "2:18: lifecycle.ttl: invalid duration format"),
        ("lifecycle: {ttl: [2h]}", "2:18: lifecycle.ttl: invalid duration format"),
        ("lifecycle: {ttl: 0s}", "2:18: lifecycle.ttl: must be longer than zero"),
        ("lifecycle: {idleSuspend: 30m}", "2:26: lifecycle.idleSuspend: must be true or false"),
        ("lifecycle: {idleSuspend: \"true\"}", "2:26: lifecycle.idleSuspend: must be true or false"),
        (
            "cluster: {version: newest}",
            "2:20: cluster.version: must be a Kubernetes version, for example 1.36",
        ),
        (
            "resources: {cpu: much}",
            "2:18: resources.cpu: must be a Kubernetes quantity above zero, for example 500m",
        ),
        (
            "resources: {memory: 0}",
            "2:21: resources.memory: must be a Kubernetes quantity above zero, for example 1Gi",
        ),
        ("access: {webTerminal: true}", "2:23: access.webTerminal: must be a map, not a boolean"),
        (
            "access: {webTerminal: {target: web}}",
            "2:24: access.webTerminal.target: unknown field; the terminal always attaches to the container of the current step",
        ),
        ("runAs: Root", "2:1: runAs: unknown field; it is set in the template by the platform team"),
        ("steps: []", "2:1: steps: unknown field; it belongs to step-spec.yaml"),
        ("lifecycle: {tll: 2h}", "2:13: lifecycle.tll: unknown field; did you mean \"ttl\"?"),
    ] {
        assert_eq!(faults(&format!("version: v1\n{fields}\n")), [fault], "{fields}");
    }
}

#[test]
fn all_faults_are_told_at_once() {
    let text = "version: v2\nlifecycle:\n  mode: x\n  ttl: y\nisolation: {mode: z}\ncluster: {mode: w}\n";
    assert_eq!(faults(text).len(), 5);
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(version: v1\n)?(lifecycle: )?[-a-z0-9:{}\\[\\]|>&*!%@`'\", \n\t\\\\é]{0,120}") {
        let _ = parse(&text);
    }
}
