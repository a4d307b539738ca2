//! What the API server and the network say, in plain words, with what to do about it.

use std::error::Error as StdError;
use std::io;

use http::StatusCode;
use kube::client::AuthError;
use kube::config::KubeconfigError;
use kube::core::Status;

use crate::exit::Exit;
use crate::program;

/// Why something failed, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Explained {
    /// How the program ends.
    pub exit: Exit,
    /// Why; one line per fault.
    pub why: String,
    /// What to do.
    pub todo: String,
}

impl Explained {
    fn new(exit: Exit, why: impl Into<String>, todo: impl Into<String>) -> Self {
        Self { exit, why: why.into(), todo: todo.into() }
    }
}

/// Explains an error of the client.
#[must_use]
pub fn explain(error: &kube::Error) -> Explained {
    match error {
        kube::Error::Api(status) => answer(status),
        kube::Error::Auth(fault) => credentials(fault),
        kube::Error::SerdeError(fault) => Explained::new(
            Exit::Failed,
            format!("the answer is not what this version understands: {fault}"),
            format!("compare the versions of both sides: {} version", program::name()),
        ),
        other => unreachable_server(other),
    }
}

/// What an HTTP answer with an error means.
fn answer(status: &Status) -> Explained {
    let message = message(status);
    match StatusCode::from_u16(status.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR) {
        StatusCode::UNAUTHORIZED => Explained::new(
            Exit::NotAllowed,
            "the API server does not accept these credentials; a certificate or token may have expired",
            "sign in again as your platform team says, or choose others with --context or --user\n\
             (see who you are: kubectl auth whoami)",
        ),
        StatusCode::FORBIDDEN => forbidden(&message),
        StatusCode::NOT_FOUND => not_found(status, &message),
        StatusCode::CONFLICT if status.reason == "AlreadyExists" => Explained::new(
            Exit::Failed,
            message,
            format!("look at it: {} status NAME, or take another name", program::name()),
        ),
        StatusCode::CONFLICT => Explained::new(
            Exit::Failed,
            format!("it was changed or made anew meanwhile: {message}"),
            "look at it again and repeat the command",
        ),
        StatusCode::UNPROCESSABLE_ENTITY => {
            Explained::new(Exit::Failed, faults(status), "correct the values named above")
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            Explained::new(
                Exit::Failed,
                format!("the API server is too busy or starting: {message}"),
                "try again in a moment",
            )
        }
        code if message.contains("failed calling webhook") => Explained::new(
            Exit::Failed,
            format!("a webhook that has to agree does not answer ({code}): {message}"),
            format!("look at what is broken: {} check", program::name()),
        ),
        code => Explained::new(
            Exit::Failed,
            format!("the API server answered {code}: {message}"),
            "run the command again with -v and see the API server's log",
        ),
    }
}

fn forbidden(message: &str) -> Explained {
    let why = message.split_once("is forbidden: ").map_or(message, |(_, why)| why);
    let todo = if why.contains("exceeded quota") {
        "delete what is not needed in this namespace, or ask for a larger ResourceQuota"
    } else if why.contains("being terminated") {
        "the namespace is being deleted: wait until it is gone, or take another with -n"
    } else {
        "ask for the role workshop-instructor in this namespace, or choose other credentials with --context or --user\n\
         (see what you may do: kubectl auth can-i --list -n CLASS)"
    };
    Explained::new(Exit::NotAllowed, why, todo)
}

fn not_found(status: &Status, message: &str) -> Explained {
    let name = program::name();
    let kind = status.details.as_ref().map(|details| details.kind.as_str()).unwrap_or_default();
    let todo = match kind {
        "workspaceinstances" => format!("list what there is: {name} status -A"),
        "workspacetemplates" => {
            format!("list what there is: kubectl get workspacetemplates; load one: {name} load ARTIFACT")
        }
        "namespaces" => "make it with --create-namespace, or choose another with -n".to_owned(),
        // The path itself is unknown: the kinds are not installed.
        "" => {
            return Explained::new(
                Exit::NotFound,
                "this cluster does not know the kinds of workshop.platform/v1",
                format!(
                    "install the chart (helm install workshop ...), or choose the right cluster with --context;\nthen: {name} check"
                ),
            );
        }
        _ => "look at the names, and at the cluster in use: kubectl config current-context".to_owned(),
    };
    Explained::new(Exit::NotFound, message, todo)
}

/// Every fault of a refused object on a line of its own. Rules of our schemas begin with the field
/// themselves, so the server's `Invalid value: "...": ` before them says nothing more.
fn faults(status: &Status) -> String {
    let causes = status.details.as_ref().map(|details| details.causes.as_slice()).unwrap_or_default();
    let lines: Vec<String> = causes
        .iter()
        .filter(|cause| cause.field != "<nil>")
        .map(|cause| {
            let text = cause
                .message
                .strip_prefix("Invalid value: ")
                .and_then(|rest| rest.rsplit_once("\": ").map(|(_, rule)| rule))
                .unwrap_or(&cause.message);
            let field = cause.field.trim_matches(['<', '>']);
            if text.contains(": ") || field.is_empty() { text.to_owned() } else { format!("{field}: {text}") }
        })
        .collect();
    if lines.is_empty() { message(status) } else { lines.join("\n") }
}

fn message(status: &Status) -> String {
    if status.message.is_empty() { status.reason.clone() } else { status.message.clone() }
}

fn credentials(fault: &AuthError) -> Explained {
    let run_it = "run the plugin of the kubeconfig's user by hand and see what it says\n(kubectl config view --minify shows its command)";
    match fault {
        AuthError::AuthExecStart(cause) => Explained::new(
            Exit::Failed,
            format!("the credential plugin cannot be started: {cause}"),
            "install the program that the kubeconfig names under exec.command",
        ),
        AuthError::AuthExecRun { cmd, out } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said.trim().lines().last().unwrap_or("it said nothing").to_owned();
            Explained::new(
                Exit::Failed,
                format!("the credential plugin failed: {cmd} ({}): {last}", out.status),
                run_it,
            )
        }
        other => Explained::new(Exit::Failed, format!("no credentials: {other}"), run_it),
    }
}

/// The network, or TLS, did not get as far as an answer.
fn unreachable_server(error: &kube::Error) -> Explained {
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

/// Why a kubeconfig cannot be used, and what to do.
#[must_use]
pub fn kubeconfig(fault: &KubeconfigError) -> (String, String) {
    let todo = match fault {
        KubeconfigError::CurrentContextNotSet => {
            return (
                "no kubeconfig names a cluster".to_owned(),
                "set KUBECONFIG, give --kubeconfig FILE, or choose a context: kubectl config use-context NAME".to_owned(),
            );
        }
        KubeconfigError::LoadContext(name) => {
            return (
                format!("there is no context \"{name}\""),
                "list what there is: kubectl config get-contexts".to_owned(),
            );
        }
        KubeconfigError::LoadClusterOfContext(name) => {
            return (
                format!("there is no cluster \"{name}\""),
                "list what there is: kubectl config get-clusters".to_owned(),
            );
        }
        KubeconfigError::ReadConfig(..) => {
            "give the path of a file that can be read, with --kubeconfig or KUBECONFIG"
        }
        KubeconfigError::Parse(_) => "correct the file; kubectl config view shows how kubectl reads it",
        _ => "correct the entry; kubectl config view --minify shows what is in use",
    };
    (fault.to_string(), todo.to_owned())
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
