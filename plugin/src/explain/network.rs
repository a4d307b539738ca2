//! What the network and TLS say, in plain words.

use std::error::Error as StdError;
use std::io;

use super::Explained;
use crate::exit::Exit;

/// The network, or TLS, did not get as far as an answer.
pub fn explain(error: &kube::Error) -> Explained {
    if let Some(fault) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls(fault);
    }
    let reach =
        "look whether the cluster runs and the address is right: kubectl cluster-info, --context, --server";
    // Wrappers around the error of the system have no kind of their own.
    let mut kinds = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).map(io::Error::kind);
    let why = match kinds.find(|kind| *kind != io::ErrorKind::Other) {
        Some(io::ErrorKind::ConnectionRefused) => "nothing listens there (connection refused)".to_owned(),
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            "the connection was cut".to_owned()
        }
        Some(io::ErrorKind::TimedOut) => "it did not answer in time".to_owned(),
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            "there is no way to that host from here".to_owned()
        }
        _ => innermost(error),
    };
    Explained::new(Exit::Failed, format!("the API server cannot be reached: {why}"), reach)
}

fn tls(fault: &rustls::Error) -> Explained {
    use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
    let (why, todo) = match fault {
        Tls::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => (
            "the API server's certificate has expired".to_owned(),
            "have it renewed on the control plane (kubeadm certs renew all), or set this machine's clock",
        ),
        Tls::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => (
            "the API server's certificate is not valid yet".to_owned(),
            "set the clock of this machine, or of the control plane",
        ),
        Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => (
            "the API server's certificate is signed by nobody that the kubeconfig trusts".to_owned(),
            "take a fresh kubeconfig: the cluster may have been made anew (certificate-authority-data)",
        ),
        Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => (
            "the API server's certificate is for another name than the address in use".to_owned(),
            "use the address in the certificate, or set tls-server-name in the kubeconfig",
        ),
        Tls::AlertReceived(Alert::CertificateExpired | Alert::CertificateUnknown | Alert::BadCertificate) => {
            (
                "the API server refuses your client certificate; it may have expired".to_owned(),
                "sign in again, or take a fresh kubeconfig",
            )
        }
        other => (format!("TLS failed: {other}"), "look whether the address is that of an API server"),
    };
    Explained::new(Exit::Failed, why, todo)
}

/// The chain of causes, also inside of `io::Error`, which hides what it wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    fn next<'a>(cause: &&'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
        let cause: &'a (dyn StdError + 'static) = *cause;
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => cause.source(),
        }
    }
    std::iter::successors(Some(error), next)
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}
