//! What the agent says, and what an image says to the agent.

use serde::{Deserialize, Serialize};

/// TCP port on which the agent of every workspace answers.
pub const AGENT_PORT: u16 = 7681;

/// Answer to `GET /healthz`: which step this container runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Step id, as the pod's annotation said when the container started; empty where nobody set one.
    pub step: String,
    /// Version of the agent.
    pub version: String,
}

/// Environment variables between builder, operator and agent.
pub struct StepImageEnv;

impl StepImageEnv {
    /// JSON list of strings: what the image's own entrypoint and command were before the agent
    /// took their place. Written by the builder into the image's config, taken out by the agent.
    pub const ENTRYPOINT: &str = "WORKSHOP_ENTRYPOINT";
    /// Step id, set by the operator through the downward API.
    pub const STEP: &str = "WORKSHOP_STEP";
}
