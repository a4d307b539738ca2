//! Every bound and every rule, from both sides.

use serde_json::{Value, json};

use crate::objects::{image, instance, step, template, with, without};
use crate::world::judge;

#[tokio::test]
async fn names_are_short_labels() {
    let judge = judge("names").await;
    judge.accepts(&template(&"t".repeat(63))).await;
    judge.rejects(&template("with.dot"), "metadata.name: must be a DNS label of at most 63 characters").await;
    judge.rejects(&template(&"t".repeat(64)), "metadata.name: must be a DNS label of at most 63").await;
    judge.accepts(&instance("names", &"i".repeat(50))).await;
    judge
        .rejects(&instance("names", &"i".repeat(51)), "metadata.name: must be a DNS label of at most 50")
        .await;
    judge.rejects(&instance("names", "with.dot"), "metadata.name: must be a DNS label of at most 50").await;
}

#[tokio::test]
async fn template_and_owner_never_change() {
    let judge = judge("immutable").await;
    let ana = instance("immutable", "ana");
    judge.accepts(&ana).await;
    judge
        .rejects(&with(ana.clone(), "/spec/templateRef/name", json!("other")), "templateRef: is immutable")
        .await;
    judge.rejects(&with(ana.clone(), "/spec/owner", json!("bo")), "owner: is immutable").await;
    judge.accepts(&with(ana, "/spec/currentStep", json!("deploy"))).await;
}

#[tokio::test]
async fn an_owner_is_a_person() {
    let judge = judge("owners").await;
    let owned = |name: &str, owner: &str| with(instance("owners", name), "/spec/owner", json!(owner));
    judge.accepts(&owned("mail", "ana@school.example")).await;
    judge.accepts(&owned("inside", "my-system:x")).await;
    judge.accepts(&owned("long", &"o".repeat(253))).await;
    let fragment = "owner: names of the system: group are not people";
    judge.rejects(&owned("admin", "system:admin"), fragment).await;
    judge.rejects(&owned("account", "system:serviceaccount:a:b"), fragment).await;
    judge.rejects(&owned("empty", ""), "should be at least 1 chars long").await;
    judge.rejects(&owned("longer", &"o".repeat(254)), "may not be more than 253").await;
    judge.rejects(&without(instance("owners", "none"), "/spec", "owner"), "spec.owner: Required value").await;
}

#[tokio::test]
async fn the_reset_count_only_grows() {
    let judge = judge("resets").await;
    let reset = |count: i64| with(instance("resets", "ana"), "/spec/resetCount", json!(count));
    judge.rejects(&reset(-1), "should be greater than or equal to 0").await;
    judge.accepts(&reset(2)).await;
    judge.accepts(&reset(2)).await;
    judge.accepts(&reset(3)).await;
    judge.rejects(&reset(2), "spec.resetCount: Invalid value: resetCount: only grows").await;
    judge.rejects(&instance("resets", "ana"), "resetCount: only grows").await;
    judge.accepts(&instance("resets", "never-reset")).await;
}

#[tokio::test]
async fn a_current_step_is_an_id() {
    let judge = judge("steps").await;
    let on = |id: &str| with(instance("steps", "ana"), "/spec/currentStep", json!(id));
    judge.accepts(&on("deploy-2")).await;
    judge.accepts(&on(&"s".repeat(63))).await;
    for id in ["Deploy", "-x", "x-", "a.b", "a b", ""] {
        judge.rejects(&on(id), "spec.currentStep").await;
    }
    judge.rejects(&on(&"s".repeat(64)), "may not be more than 63").await;
}

#[tokio::test]
async fn modes_are_words_of_the_api() {
    let judge = judge("modes").await;
    let of = |pointer: &str, value: &str| with(instance("modes", "ana"), pointer, json!(value));
    let cases = [
        ("/spec/operatingMode", "Suspended", "Paused"),
        ("/spec/overrides/lifecycle/mode", "persistent", "Persistent"),
        ("/spec/overrides/isolation/mode", "team", "group"),
        ("/spec/overrides/cluster/mode", "per-workspace", "own"),
        ("/spec/overrides/cluster/provisioner", "vcluster", "k3d"),
        ("/spec/overrides/transition/clusterState", "Reset", "reset"),
        ("/spec/overrides/runAs", "Root", "root"),
    ];
    for (pointer, good, bad) in cases {
        judge.accepts(&of(pointer, good)).await;
        judge.rejects(&of(pointer, bad), "Unsupported value").await;
    }
}

#[tokio::test]
async fn durations_are_hours_minutes_seconds() {
    let judge = judge("durations").await;
    let of = |pointer: &str, value: &str| with(instance("durations", "ana"), pointer, json!(value));
    let fields = [
        "/spec/extension",
        "/spec/overrides/lifecycle/maxExtension",
        "/spec/overrides/lifecycle/ttl",
        "/spec/overrides/lifecycle/idleSuspend/after",
    ];
    for field in fields {
        for good in ["2h", "1h30m", "45s", "1h0m5s", "99999h999999m9999999s"] {
            judge.accepts(&of(field, good)).await;
        }
        for bad in ["", "2", "h", "2d", "30m1h", "1.5h", "-1h", "1h ", "100000h"] {
            judge.rejects(&of(field, bad), field.rsplit('/').next().unwrap()).await;
        }
    }
    judge.accepts(&of("/spec/extension", "0s")).await;
    for field in &fields[2..] {
        judge.rejects(&of(field, "0h0m"), "must be longer than zero, for example 30m").await;
    }
}

#[tokio::test]
async fn quantities_are_above_zero() {
    let judge = judge("quantities").await;
    let of = |pointer: &str, value: Value| with(instance("quantities", "ana"), pointer, value);
    let message = "must be a Kubernetes quantity above zero, for example 500m or 1Gi";
    for field in ["/spec/overrides/resources/cpu", "/spec/overrides/resources/memory"] {
        for good in ["500m", "1", "0.5", "1Gi", "1e3", "2M"] {
            judge.accepts(&of(field, json!(good))).await;
        }
        for bad in ["0", "0Gi", "-1", "1GB", "much", "1 Gi"] {
            judge.rejects(&of(field, json!(bad)), message).await;
        }
        judge.rejects(&of(field, json!(1)), "expected string").await;
    }
    let quota = |key: &str, value: &str| with(template("quota"), "/spec/extraQuota", json!({key: value}));
    judge.accepts(&quota("pods", "4")).await;
    judge.accepts(&quota("requests.storage", "5Gi")).await;
    judge.rejects(&quota("pods", "none"), message).await;
    judge.rejects(&quota(&"k".repeat(318), "1"), "keys have at most 317 characters").await;
}

#[tokio::test]
async fn an_image_is_pinned() {
    let judge = judge("images").await;
    let of = |pointer: &str, value: &str| with(template("images"), pointer, json!(value));
    let digest = "/spec/steps/0/image/digest";
    judge.accepts(&of(digest, &format!("sha256:{}", "0".repeat(64)))).await;
    for bad in
        [format!("sha256:{}", "0".repeat(63)), format!("sha256:{}", "A".repeat(64)), "latest".to_owned()]
    {
        judge.rejects(&of(digest, &bad), "spec.steps[0].image.digest").await;
    }
    let reference = "/spec/steps/0/image/reference";
    judge.accepts(&of(reference, "[::1]:5000/Team/a_b.c:intro")).await;
    for bad in ["", "two words", "übung:1"] {
        judge.rejects(&of(reference, bad), "spec.steps[0].image.reference").await;
    }
    judge
        .rejects(&without(template("images"), "/spec/steps/0/image", "digest"), "image.digest: Required")
        .await;
    judge.accepts(&with(template("artifact"), "/spec/artifact", image())).await;
    judge.rejects(&with(template("artifact"), "/spec/artifact/digest", json!("x")), "spec.artifact").await;
}

#[tokio::test]
async fn steps_have_ids_of_their_own() {
    let judge = judge("ids").await;
    judge.rejects(&with(template("ids"), "/spec/steps", json!([])), "should have at least 1 items").await;
    let twice = with(template("ids"), "/spec/steps", json!([step("a"), step("a")]));
    judge.rejects(&twice, "duplicate entries").await;
    judge.rejects(&with(template("ids"), "/spec/steps/0/id", json!("Intro")), "spec.steps[0].id").await;
    judge.rejects(&with(template("ids"), "/spec/steps/0/title", json!("")), "spec.steps[0].title").await;
    let many: Vec<Value> = (0..501).map(|position| step(&format!("s{position}"))).collect();
    judge.rejects(&with(template("ids"), "/spec/steps", json!(many)), "must have at most 500 items").await;
}

#[tokio::test]
async fn unlock_conditions_are_bounded_in_all() {
    let judge = judge("unlock").await;
    let after = |count: usize| json!((0..count).map(|position| format!("s{position}")).collect::<Vec<_>>());
    let with_unlocks = |steps: usize, each: usize, more: usize| {
        let mut all: Vec<Value> = (0..steps)
            .map(|position| with(step(&format!("s{position}")), "/unlock/after", after(each)))
            .collect();
        if more > 0 {
            all.push(with(step("more"), "/unlock/after", after(more)));
        }
        with(template("unlock"), "/spec/steps", json!(all))
    };
    judge.accepts(&with_unlocks(40, 50, 0)).await;
    judge
        .rejects(&with_unlocks(40, 50, 1), "at most 2000 entries of unlock.after in all steps together")
        .await;
    judge.rejects(&with_unlocks(1, 51, 0), "must have at most 50 items").await;
}

#[tokio::test]
async fn a_policy_has_one_rule_for_a_path() {
    let judge = judge("policy").await;
    let policy = |entries: Value| with(template("policy"), "/spec/overridePolicy", entries);
    let rule = |rule: Value| policy(json!([{"path": "lifecycle.ttl", "rule": rule}]));
    for good in
        [json!({"free": {}}), json!({"atMost": "8h"}), json!({"oneOf": ["1h", "2h"]}), json!({"locked": {}})]
    {
        judge.accepts(&rule(good)).await;
    }
    let message = "must validate one and only one schema (oneOf)";
    let fresh = with(rule(json!({})), "/metadata/name", json!("policy-of-nothing"));
    judge.rejects(&fresh, message).await;
    judge.rejects(&rule(json!({"free": {}, "locked": {}})), message).await;
    judge.rejects(&rule(json!({"oneOf": []})), "should have at least 1 items").await;
    judge.rejects(&rule(json!({"atMost": "eight hours"})), "rule.atMost").await;
    judge.rejects(&policy(json!([{"path": "lifecycle", "rule": {"free": {}}}])), "Unsupported value").await;
    let entry = json!({"path": "runAs", "rule": {"free": {}}});
    judge.rejects(&policy(json!([entry, entry])), "duplicate entries").await;
}

#[tokio::test]
async fn a_network_is_addresses_and_ports() {
    let judge = judge("network").await;
    let egress = |cidr: &str, port: i64| {
        with(template("network"), "/spec/network/egress", json!([{"cidr": cidr, "ports": [port]}]))
    };
    judge.accepts(&egress("203.0.113.0/24", 443)).await;
    judge.accepts(&egress("2001:db8::/32", 65535)).await;
    let message = "must be an address range such as 203.0.113.0/24";
    for bad in ["203.0.113.0", "203.0.113.0/33", "school.example"] {
        judge.rejects(&egress(bad, 443), message).await;
    }
    judge.rejects(&egress("203.0.113.0/24", 0), "should be greater than or equal to 1").await;
    judge.rejects(&egress("203.0.113.0/24", 65536), "should be less than or equal to 65535").await;
}

#[tokio::test]
async fn classes_are_chosen_by_labels() {
    let judge = judge("classes").await;
    let chosen = |selector: Value| with(template("classes"), "/spec/allowedClasses", selector);
    judge.accepts(&chosen(json!({"matchLabels": {"team": "training"}}))).await;
    judge.accepts(&chosen(json!({"matchExpressions": [{"key": "team", "operator": "Exists"}]}))).await;
    judge.rejects(&chosen(json!({"matchLabels": {"team": "no label!"}})), "matchLabels").await;
    judge.rejects(&chosen(json!({"matchLabels": {"k".repeat(318): "x"}})), "keys have at most 317").await;
    let near = json!({"matchExpressions": [{"key": "team", "operator": "Near"}]});
    judge.rejects(&chosen(near), "Unsupported value").await;
}

#[tokio::test]
async fn a_nested_cluster_has_a_version() {
    let judge = judge("versions").await;
    let of = |version: &str| with(template("versions"), "/spec/defaults/cluster/version", json!(version));
    for good in ["", "1.36", "v1.36.3"] {
        judge.accepts(&of(good)).await;
    }
    for bad in ["latest", "1", "1.36.3-rc.1"] {
        judge.rejects(&of(bad), "spec.defaults.cluster.version").await;
    }
}

#[tokio::test]
async fn pull_secrets_and_members_are_named_once() {
    let judge = judge("lists").await;
    let secrets = |names: Value| with(template("lists"), "/spec/imagePullSecrets", names);
    judge.accepts(&secrets(json!([{"name": "a"}, {"name": "b"}]))).await;
    judge.rejects(&secrets(json!([{"name": "a"}, {"name": "a"}])), "duplicate entries").await;
    let members = |names: Value| with(instance("lists", "team"), "/spec/members", names);
    judge.accepts(&members(json!([{"name": "bo"}, {"name": "cy"}]))).await;
    judge.rejects(&members(json!([{"name": "bo"}, {"name": "bo"}])), "duplicate entries").await;
}
