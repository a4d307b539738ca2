//! Who reaches a workspace, and what it reaches: the operator's namespace on the agent's port, name
//! look-ups, and what the template lists. Nothing else.

use api::names;
use k8s_openapi::api::networking::v1::{
    IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
    NetworkPolicyPort, NetworkPolicySpec,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::Owner;
use crate::settings::Effective;

const DNS_PORT: u16 = 53;

pub(super) fn network_policy(
    owner: &Owner,
    effective: &Effective,
    operator_namespace: &str,
) -> NetworkPolicy {
    let gateway = NetworkPolicyPeer {
        namespace_selector: Some(LabelSelector {
            match_labels: Some(
                [("kubernetes.io/metadata.name".to_owned(), operator_namespace.to_owned())].into(),
            ),
            ..LabelSelector::default()
        }),
        ..NetworkPolicyPeer::default()
    };
    let look_ups = NetworkPolicyEgressRule {
        ports: Some(vec![port("UDP", DNS_PORT), port("TCP", DNS_PORT)]),
        ..NetworkPolicyEgressRule::default()
    };
    let listed = effective.egress.iter().map(|egress| NetworkPolicyEgressRule {
        to: Some(vec![NetworkPolicyPeer {
            ip_block: Some(IPBlock { cidr: egress.cidr.clone(), except: None }),
            ..NetworkPolicyPeer::default()
        }]),
        ports: (!egress.ports.is_empty()).then(|| {
            egress
                .ports
                .iter()
                .filter_map(|number| u16::try_from(*number).ok())
                .map(|n| port("TCP", n))
                .collect()
        }),
    });
    NetworkPolicy {
        metadata: owner.meta(names::WORKSPACE),
        spec: Some(NetworkPolicySpec {
            policy_types: Some(vec!["Ingress".to_owned(), "Egress".to_owned()]),
            ingress: Some(vec![NetworkPolicyIngressRule {
                from: Some(vec![gateway]),
                ports: Some(vec![port("TCP", wire::AGENT_PORT)]),
            }]),
            egress: Some(std::iter::once(look_ups).chain(listed).collect()),
            ..NetworkPolicySpec::default()
        }),
    }
}

fn port(protocol: &str, number: u16) -> NetworkPolicyPort {
    NetworkPolicyPort {
        protocol: Some(protocol.to_owned()),
        port: Some(IntOrString::Int(i32::from(number))),
        ..NetworkPolicyPort::default()
    }
}
