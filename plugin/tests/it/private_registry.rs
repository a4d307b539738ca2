//! A registry as companies have it: a certificate of their own authority, a login, and a proxy on the way.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oci::{ChangeSet, Image, NoProgress, Owner, Platform, Push};

use super::cluster::cluster;
use super::program::{Ended, run};
use super::registry::RealRegistry;

/// No look-up finds it: whoever reaches it does so by the proxy.
const NAME: &str = "registry.private.invalid:443";
const USER: &str = "ana";
const PASSWORD: &str = "open sesame";
/// `user:password` by bcrypt, as `htpasswd -B` makes it.
const HTPASSWD: &str = "ana:$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n";

/// The registry, its authority, and a proxy that knows the way.
struct Private {
    folder: tempfile::TempDir,
    registry: RealRegistry,
    proxy: String,
    connects: Arc<AtomicUsize>,
}

impl Private {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let registry = RealRegistry::start_with(
            &format!(", tls: {{certificate: '{}', key: '{}'}}", path("tls.crt"), path("tls.key")),
            &format!("auth: {{htpasswd: {{realm: private, path: '{}'}}}}\n", path("htpasswd")),
        );
        let connects = Arc::new(AtomicUsize::new(0));
        let proxy = proxy(registry.host().to_owned(), connects.clone());
        Self { folder, registry, proxy, connects }
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.crt")
    }

    /// A home with this password for the registry.
    fn home(&self, password: &str) -> PathBuf {
        self.home_for(NAME, password)
    }

    fn home_for(&self, host: &str, password: &str) -> PathBuf {
        let home = self.folder.path().join(password.replace(' ', "-"));
        std::fs::create_dir_all(home.join(".docker")).unwrap();
        let config = serde_json::json!({"auths": {host: {"username": USER, "password": password}}});
        std::fs::write(home.join(".docker/config.json"), config.to_string()).unwrap();
        home
    }

    /// Runs a line behind the proxy.
    fn run(&self, line: &str, password: &str, authority: Option<&str>) -> Ended {
        let mut command: Command = cluster().command(line);
        command.env("HOME", self.home(password)).env("HTTPS_PROXY", &self.proxy).env("NO_PROXY", "127.0.0.1");
        command.env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        if let Some(variable) = authority {
            command.env(variable, self.authority());
        }
        run(command)
    }
}

fn openssl(folder: &Path, line: &str) {
    let ended = Command::new("openssl").args(line.split(' ')).current_dir(folder).output().unwrap();
    assert!(ended.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&ended.stderr));
}

/// An authority, and a certificate of it for the name and for loopback.
fn certificates(folder: &Path) {
    openssl(
        folder,
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.crt",
    );
    openssl(
        folder,
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=registry -keyout tls.key -out tls.csr",
    );
    let names = "subjectAltName=DNS:registry.private.invalid,IP:127.0.0.1\n";
    std::fs::write(folder.join("names"), names).unwrap();
    openssl(
        folder,
        "x509 -req -in tls.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out tls.crt",
    );
}

/// A proxy that takes every CONNECT to `target`, whatever name was asked for. Counts them.
fn proxy(target: String, connects: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            connects.fetch_add(1, Ordering::Relaxed);
            let target = target.clone();
            std::thread::spawn(move || tunnel(connection, &target));
        }
    });
    address
}

fn tunnel(mut client: TcpStream, target: &str) {
    let mut lines = BufReader::new(client.try_clone().unwrap()).lines();
    // A connection that was opened ahead and not used.
    let Some(Ok(first)) = lines.next() else { return };
    assert!(first.starts_with(&format!("CONNECT {NAME} ")), "{first}");
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let mut server = TcpStream::connect(target).unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Write);
}

/// A workshop of one step, whose base image lies in an open registry nearby.
fn workshop(private: &Private, base: &RealRegistry) -> String {
    let mut files = ChangeSet::new();
    files.file("/etc/passwd", "root:x:0:0::/:/bin/sh\n", 0o644, Owner::ROOT).unwrap();
    let layer = files.layer().unwrap();
    let mut image = Image::scratch(&Platform::host());
    image.add_layer(&layer, "base");
    let push = Push { image: &image, layers: &[layer], origin: None };
    cluster().block_on(push.to(&base.open(), "base", &["1"], &NoProgress)).unwrap();
    let folder = private.folder.path().join("workshop");
    std::fs::create_dir_all(&folder).unwrap();
    let spec = format!(
        "version: v1\nworkshop: {{name: private, image: '{NAME}/team/private'}}\nbase: {{image: '{}/base:1'}}\nsteps:\n\
         - id: intro\n  title: Intro\n  files: [{{path: /home/text, content: a}}]\n",
        base.host()
    );
    std::fs::write(folder.join("step-spec.yaml"), spec).unwrap();
    std::fs::write(folder.join("workspace.yaml"), "version: v1\nlifecycle: {mode: ephemeral, ttl: 3h}\n")
        .unwrap();
    folder.display().to_string()
}

#[test]
fn a_private_registry_is_reached_by_its_own_authority_a_login_and_a_proxy() {
    let (private, base) = (Private::start(), RealRegistry::start());
    let folder = workshop(&private, &base);
    let compile = format!("build compile {folder}");

    let stranger = private.run(&compile, PASSWORD, None);
    assert_eq!(stranger.code, Some(1), "{}", stranger.out);
    for words in ["is not trusted (UnknownIssuer)", "--registry-ca FILE"] {
        assert!(stranger.err.contains(words), "{words}: {}", stranger.err);
    }
    let refused = private.run(&compile, "wrong", Some("WORKSHOP_REGISTRY_CA"));
    assert_eq!(refused.code, Some(1), "{}", refused.out);
    assert!(refused.err.contains("401"), "{}", refused.err);

    let built = private.run(&compile, PASSWORD, Some("WORKSHOP_REGISTRY_CA"));
    assert_eq!(built.code, Some(0), "{}", built.err);
    assert!(built.out.contains("pushed  intro"), "{}", built.out);
    // The variable that programs with OpenSSL know does as well.
    let loaded = private.run(&format!("load {folder}/private.workshop"), PASSWORD, Some("SSL_CERT_FILE"));
    assert_eq!(loaded.code, Some(0), "{}", loaded.err);
    assert!(loaded.out.contains("workspacetemplate.workshop.platform/private created"), "{}", loaded.out);
    assert!(private.connects.load(Ordering::Relaxed) >= 3, "everything went by the proxy");
}

#[test]
fn the_folder_of_the_container_tools_is_read_and_no_proxy_obeyed() {
    let (private, base) = (Private::start(), RealRegistry::start());
    let folder = workshop(&private, &base);
    let host = private.registry.host();
    let home = private.home_for(host, PASSWORD);
    let certificates = home.join(".config/containers/certs.d").join(host);
    std::fs::create_dir_all(&certificates).unwrap();
    std::fs::copy(private.authority(), certificates.join("ca.crt")).unwrap();
    let mut command = cluster().command(&format!("build compile {folder} --image {host}/team/near"));
    command.env("HOME", home).env("HTTPS_PROXY", &private.proxy).env("NO_PROXY", "127.0.0.1");
    command.env("XDG_CACHE_HOME", private.folder.path().join("cache"));
    let built = run(command);
    assert_eq!(built.code, Some(0), "{}", built.err);
    assert_eq!(private.connects.load(Ordering::Relaxed), 0, "NO_PROXY");
}
