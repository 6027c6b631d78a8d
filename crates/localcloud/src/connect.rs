//! The local cloud as an HTTP proxy, so that its names need not be resolved: a client that takes HTTP_PROXY and HTTPS_PROXY asks it for
//! `accounts.localhost` and every workspace by name. It answers itself, and passes nothing on to anybody else.
//! docs/decisions/0007 has the reasons. <https://www.rfc-editor.org/rfc/rfc9110#name-connect>

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;

use crate::answer::{Body, full};
use crate::inner::Inner;
use crate::server;

/// Opens the way that a CONNECT asks for, whose name is one of ours. At our own port plain HTTP is spoken, as without a proxy; the clients
/// of every other port (443) begin with TLS.
pub(crate) fn open(inner: &Arc<Inner>, mut request: Request<Incoming>) -> Response<Body> {
    let secure = request.uri().port_u16() != Some(inner.settings.port);
    let opened = hyper::upgrade::on(&mut request);
    inner.tasks.spawn(carry(Arc::clone(inner), opened, secure));
    Response::new(full(""))
}

async fn carry(inner: Arc<Inner>, opened: OnUpgrade, secure: bool) {
    let stop = inner.stop.clone();
    let stream = async {
        let stream = opened.await.map_err(|error| error.to_string())?;
        if !secure {
            server::connection(inner, stream).await;
            return Ok(());
        }
        let acceptor = TlsAcceptor::from(Arc::clone(&inner.tls.config));
        let stream = acceptor.accept(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        server::connection(inner, TokioIo::new(stream)).await;
        Ok::<_, String>(())
    };
    tokio::select! {
        ended = stream => {
            if let Err(error) = ended {
                tracing::debug!(error, "a connection through the proxy ended");
            }
        }
        () = stop.cancelled() => {}
    }
}
