//! What the API server and the network say, in plain words, with what to do about it.

mod network;
pub mod reasons;
pub mod situation;

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
        other => network::explain(other),
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
        "ask for the role workshop-instructor in this namespace, \
         or choose other credentials with --context or --user\n\
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
                    "install the chart (helm install workshop ...), \
                     or choose the right cluster with --context;\nthen: {name} check"
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
    let run_it = "run the plugin of the kubeconfig's user by hand and see what it says\n\
                  (kubectl config view --minify shows its command)";
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

/// Why a kubeconfig cannot be used, and what to do.
#[must_use]
pub fn kubeconfig(fault: &KubeconfigError) -> (String, String) {
    let todo = match fault {
        KubeconfigError::CurrentContextNotSet => {
            return (
                "no kubeconfig names a cluster".to_owned(),
                "set KUBECONFIG, give --kubeconfig FILE, \
                 or choose a context: kubectl config use-context NAME"
                    .to_owned(),
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
mod tests;
