//! Small valid objects, to be changed in one place by each test.

use serde_json::{Value, json};

/// A template with two steps.
pub fn template(name: &str) -> Value {
    json!({
        "apiVersion": "workshop.platform/v1",
        "kind": "WorkspaceTemplate",
        "metadata": {"name": name},
        "spec": {"steps": [step("intro"), step("deploy")]}
    })
}

/// A step with nothing optional.
pub fn step(id: &str) -> Value {
    json!({"id": id, "title": "A title", "image": image()})
}

/// A pinned image.
pub fn image() -> Value {
    json!({"reference": "registry.example/team/workshop:intro", "digest": format!("sha256:{}", "a".repeat(64))})
}

/// An instance with nothing optional.
pub fn instance(class: &str, name: &str) -> Value {
    json!({
        "apiVersion": "workshop.platform/v1",
        "kind": "WorkspaceInstance",
        "metadata": {"name": name, "namespace": class},
        "spec": {"templateRef": {"name": "kubernetes-101"}, "owner": "ana"}
    })
}

/// `object` with `value` at the JSON pointer; objects on the way are made.
pub fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let mut here = &mut object;
    for part in pointer.trim_start_matches('/').split('/') {
        here = match part.parse::<usize>() {
            Ok(position) if here.is_array() => &mut here[position],
            _ => &mut here[part],
        };
    }
    *here = value;
    object
}

/// `object` without the field `name` of the object at the JSON pointer.
pub fn without(mut object: Value, pointer: &str, name: &str) -> Value {
    object.pointer_mut(pointer).unwrap().as_object_mut().unwrap().shift_remove(name).unwrap();
    object
}
