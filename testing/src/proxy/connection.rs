//! The wire between a program and the proxy: bytes that flow, stop, or end with a reset.

use std::io;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};

use super::identity::Inner;

/// Whether bytes flow between an identity and the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// They do.
    Open,
    /// Nothing passes in either direction, and nobody is told.
    Silent,
    /// Connections are reset, new ones too.
    Refused,
}

const BUFFER: usize = 64 * 1024;

/// Serves one connection to its end.
pub(crate) async fn serve(mut tcp: TcpStream, inner: Arc<Inner>) {
    // Without it a small answer waits for the acknowledgement of the one before.
    let _ = tcp.set_nodelay(true);
    let mut gate = inner.gate.subscribe();
    let cut = Arc::new(Notify::new());
    let (near, far) = tokio::io::duplex(BUFFER);
    let serving = tokio::spawn(speak(near, inner.clone(), cut.clone()));
    let is_reset = {
        let (mut from_client, mut to_client) = tcp.split();
        let (mut from_proxy, mut to_proxy) = tokio::io::split(far);
        let up = pump(&mut from_client, &mut to_proxy, gate.clone());
        let down = pump(&mut from_proxy, &mut to_client, gate.clone());
        tokio::select! {
            _ = async { tokio::join!(up, down) } => false,
            () = cut.notified() => true,
            () = inner.cut_all.notified() => true,
            _ = gate.wait_for(|gate| *gate == Gate::Refused) => true,
        }
    };
    if is_reset {
        // RST instead of FIN.
        let _ = tcp.set_zero_linger();
    }
    drop(tcp);
    serving.abort();
}

async fn speak<S>(wire: S, inner: Arc<Inner>, cut: Arc<Notify>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    // A client that does not trust the certificate says so in the handshake: nothing more to do here.
    let Ok(tls) = inner.acceptor().accept(wire).await else { return };
    let service = service_fn(|request| super::handle::handle(inner.clone(), cut.clone(), request));
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(tls), service).await;
}

/// Copies to the end, and waits before each piece while the gate is silent.
async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut gate: watch::Receiver<Gate>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = from.read(&mut buffer).await?;
        if gate.wait_for(|gate| *gate != Gate::Silent).await.is_err() || length == 0 {
            return to.shutdown().await;
        }
        to.write_all(buffer.get(..length).unwrap_or_default()).await?;
    }
}
