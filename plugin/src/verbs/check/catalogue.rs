//! Every check once: its id, which is an anchor of docs/platform/check.md, and where it belongs.

use serde::Serialize;

/// Groups of checks, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Category {
    /// Who asks.
    Client,
    /// The API server.
    Cluster,
    /// What the caller may do.
    Rights,
    /// Both kinds.
    Definitions,
    /// The operator.
    Operator,
    /// Only where there are webhooks of ours.
    Webhooks,
    /// Volumes.
    Storage,
    /// Machines.
    Nodes,
    /// Room for a planned class; on request.
    Room,
    /// Pull of one step image; on request.
    Pull,
}

impl Category {
    /// The word in front of its first check.
    pub fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Cluster => "cluster",
            Self::Rights => "rights",
            Self::Definitions => "definitions",
            Self::Operator => "operator",
            Self::Webhooks => "webhooks",
            Self::Storage => "storage",
            Self::Nodes => "nodes",
            Self::Room => "room",
            Self::Pull => "pull",
        }
    }
}

/// One check. The id never changes: scripts and documents name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Lower-case words with hyphens.
    pub id: &'static str,
    /// Where it is shown.
    pub category: Category,
}

macro_rules! catalogue {
    ($($name:ident = $id:literal in $category:ident;)*) => {
        $(pub const $name: Subject = Subject { id: $id, category: Category::$category };)*
        /// All of them.
        #[cfg(test)]
        pub const ALL: &[Subject] = &[$($name),*];
    };
}

catalogue! {
    IDENTITY = "client-identity" in Client;
    REACHABLE = "api-reachable" in Cluster;
    VERSION = "api-version" in Cluster;
    POD_USERS = "api-user-namespaces" in Cluster;
    IMAGE_CHANGE = "api-image-change" in Cluster;
    RIGHTS_WORKSPACES = "rights-workspaces" in Rights;
    RIGHTS_TEMPLATES = "rights-templates" in Rights;
    RIGHTS_LOAD = "rights-load" in Rights;
    RIGHTS_INSTALL = "rights-install" in Rights;
    DEFINITIONS_SERVED = "definitions-served" in Definitions;
    DEFINITIONS_STORED = "definitions-stored" in Definitions;
    DEFINITIONS_SCHEMA = "definitions-schema" in Definitions;
    DEFINITIONS_LEFT = "definitions-left" in Definitions;
    OPERATOR_READY = "operator-ready" in Operator;
    OPERATOR_VERSION = "operator-version" in Operator;
    OPERATOR_LEADER = "operator-leader" in Operator;
    WEBHOOK_SERVICE = "webhook-service" in Webhooks;
    WEBHOOK_ANSWER = "webhook-answer" in Webhooks;
    STORAGE_DEFAULT = "storage-default" in Storage;
    NODES_READY = "nodes-ready" in Nodes;
    NODES_USERS = "nodes-user-namespaces" in Nodes;
    NODES_PROCESSES = "nodes-processes" in Nodes;
    ROOM_NODES = "room-nodes" in Room;
    ROOM_QUOTA = "room-quota" in Room;
    PULL_IMAGE = "pull-image" in Pull;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    const DOCUMENT: &str = include_str!("../../../../docs/platform/check.md");

    #[test]
    fn every_check_has_its_place_in_the_document() {
        let headings: BTreeSet<&str> =
            DOCUMENT.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        let ids: BTreeSet<&str> = ALL.iter().map(|subject| subject.id).collect();
        assert_eq!(
            headings, ids,
            "docs/platform/check.md has a heading ### ID for every check, and no other"
        );
        assert_eq!(ids.len(), ALL.len(), "an id is taken twice");
    }
}
