//! The cluster in use: kubeconfig as kubectl reads it, and every call with a time limit.

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Config, Resource};

use crate::args::Global;
use crate::error::Error;
use crate::program;

/// Longest time for a TCP connection and its TLS handshake.
const CONNECT: Duration = Duration::from_secs(10);

/// A client and what every verb asks of the command line.
#[derive(Clone)]
pub struct Context {
    /// Client of the cluster; it has no rate limit of its own.
    pub client: Client,
    /// Namespace of the class.
    pub class: String,
    /// Address of the API server.
    pub cluster: String,
    timeout: Duration,
}

impl Context {
    /// Opens the cluster that kubeconfig and flags name. Nothing is sent yet.
    ///
    /// # Errors
    /// When there is no kubeconfig, or it cannot be used.
    pub async fn open(global: &Global) -> Result<Self, Error> {
        let config = config(global).await?;
        let cluster = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        let class = global.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).map_err(|source| Error::Api {
            doing: "use the credentials of the kubeconfig".to_owned(),
            place: format!("cluster {cluster}"),
            source: Box::new(source),
        })?;
        Ok(Self { client, class, cluster, timeout: global.request_timeout })
    }

    /// Objects of the class namespace.
    #[must_use]
    pub fn in_class<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope>,
        K::DynamicType: Default,
    {
        Api::namespaced(self.client.clone(), &self.class)
    }

    /// Where an error happened.
    #[must_use]
    pub fn place(&self) -> String {
        format!("class {}, cluster {}", self.class, self.cluster)
    }

    /// The command that shows this instance.
    #[must_use]
    pub fn look(&self, name: &str) -> String {
        format!("{} status {name} -n {}", program::name(), self.class)
    }

    /// One call of the API server, within `--request-timeout`. `doing` completes "cannot ...".
    ///
    /// # Errors
    /// What the API server said, or that it said nothing.
    pub async fn call<T>(
        &self,
        doing: impl Into<String>,
        answer: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(self.failed(doing, source)),
            Err(_) => Err(Error::NoAnswer { doing: doing.into(), place: self.place(), after: self.timeout }),
        }
    }

    /// The error of a call that was not made through [`Self::call`].
    pub fn failed(&self, doing: impl Into<String>, source: kube::Error) -> Error {
        Error::Api { doing: doing.into(), place: self.place(), source: Box::new(source) }
    }

    /// A context around a client that a test plays the API server for.
    #[cfg(test)]
    pub fn of(client: Client) -> Self {
        let (class, cluster) = ("monday".to_owned(), "https://played".to_owned());
        Self { client, class, cluster, timeout: Duration::from_secs(30) }
    }
}

async fn config(global: &Global) -> Result<Config, Error> {
    let files = files(global);
    let fault = |source| Error::Kubeconfig {
        files: files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "),
        source: Box::new(source),
    };
    let mut kubeconfig = read(global, &files).map_err(fault)?;
    if global.server.is_some() && kubeconfig.current_context.is_none() && global.context.is_none() {
        kubeconfig = address_alone(kubeconfig);
    }
    let options = KubeConfigOptions {
        context: global.context.clone(),
        cluster: global.cluster.clone(),
        user: global.user.clone(),
    };
    let nothing_named = kubeconfig.current_context.is_none() && options.context.is_none();
    // As kubectl: without any kubeconfig, a program inside of a pod speaks to its own cluster.
    let mut config = match Config::from_custom_kubeconfig(kubeconfig, &options).await {
        Err(KubeconfigError::CurrentContextNotSet) if nothing_named => {
            Config::incluster().map_err(|_| fault(KubeconfigError::CurrentContextNotSet))?
        }
        other => other.map_err(fault)?,
    };
    if let Some(server) = &global.server {
        config.cluster_url =
            server.parse().map_err(|source| fault(KubeconfigError::ParseClusterUrl(source)))?;
    }
    config.connect_timeout = Some(CONNECT);
    apply_identity(&mut config.auth_info, global);
    Ok(config)
}

/// Files that kubectl would read: `--kubeconfig`, else what exists of the list in `KUBECONFIG`, else
/// `~/.kube/config`.
fn files(global: &Global) -> Vec<PathBuf> {
    if let Some(file) = &global.kubeconfig {
        return vec![file.clone()];
    }
    match std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect(),
    }
}

fn read(global: &Global, files: &[PathBuf]) -> Result<Kubeconfig, KubeconfigError> {
    // A file that was named by a flag has to be there; files of a list may be missing.
    let must_exist = global.kubeconfig.is_some();
    files.iter().filter(|file| must_exist || file.exists()).try_fold(Kubeconfig::default(), |merged, file| {
        Kubeconfig::read_from(file).and_then(|next| merged.merge(next))
    })
}

/// `--server` without a kubeconfig: a context of its own, so that the flag alone is enough.
fn address_alone(kubeconfig: Kubeconfig) -> Kubeconfig {
    use kube::config::{Cluster, Context, NamedCluster, NamedContext};
    const NAME: &str = "from-the-command-line";
    let cluster = Cluster { server: Some("http://localhost".to_owned()), ..Cluster::default() };
    let context = Context { cluster: NAME.to_owned(), ..Context::default() };
    Kubeconfig {
        current_context: Some(NAME.to_owned()),
        clusters: vec![NamedCluster { name: NAME.to_owned(), cluster: Some(cluster), ..Default::default() }],
        contexts: vec![NamedContext { name: NAME.to_owned(), context: Some(context), ..Default::default() }],
        ..kubeconfig
    }
}

fn apply_identity(identity: &mut AuthInfo, global: &Global) {
    if let Some(token) = &global.token {
        // As kubectl: a token on the command line wins over whatever else the user has.
        *identity = AuthInfo {
            token: Some(token.clone().into()),
            impersonate: identity.impersonate.take(),
            impersonate_groups: identity.impersonate_groups.take(),
            ..AuthInfo::default()
        };
    }
    if global.as_user.is_some() {
        identity.impersonate.clone_from(&global.as_user);
    }
    if !global.as_group.is_empty() {
        identity.impersonate_groups = Some(global.as_group.clone());
    }
}
