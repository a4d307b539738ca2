use std::collections::BTreeMap;

use api::v1::Unlock;
use serde_json::json;

use crate::{Asset, Pinned, Step, Workshop};

fn step(id: &str, number: usize, after: Option<&str>) -> Step {
    Step {
        id: id.to_owned(),
        title: format!("Step {number}"),
        markdown: format!("# {id}\n\n![plan](assets/plan.png)\n"),
        image: Pinned {
            reference: format!("localhost:5000/team/shop:{id}").parse().unwrap(),
            digest: format!("sha256:{}", number.to_string().repeat(64)).parse().unwrap(),
        },
        unlock: after.map(|after| Unlock { after: vec![after.to_owned()] }),
        metadata: BTreeMap::from([
            ("minutes".to_owned(), json!(5 * (number + 1))),
            ("hints".to_owned(), json!([{"after": 1, "text": "Übe!"}])),
        ]),
    }
}

/// One of everything.
pub(super) fn workshop() -> Workshop {
    let asset = |path: &str, bytes: &[u8]| Asset {
        path: path.to_owned(),
        media_type: "image/png".to_owned(),
        bytes: bytes.to_vec(),
    };
    Workshop {
        name: "shop".to_owned(),
        version: "v1".to_owned(),
        created_at: 0,
        image: "localhost:5000/team/shop".parse().unwrap(),
        base: Pinned {
            reference: "localhost:5000/debian:12".parse().unwrap(),
            digest: format!("sha256:{}", "b".repeat(64)).parse().unwrap(),
        },
        settings: api::workspace_metadata::parse(
            "version: v1\nlifecycle: {mode: ephemeral, ttl: 4h, idleSuspend: true}\nresources: {cpu: 500m}\n",
        )
        .unwrap(),
        // Not in the order of their ids.
        steps: vec![step("intro", 0, None), step("deploy", 1, Some("intro")), step("again", 2, None)],
        assets: vec![asset("assets/a.png", b""), asset("assets/plan.png", b"\x89PNG\0")],
    }
}
