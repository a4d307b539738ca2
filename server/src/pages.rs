//! Health and metrics pages, each on its own port: metrics may be closed off, probes may not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use controllers::Context;

/// `/metrics` as OpenMetrics text.
pub fn metrics(context: Arc<Context>) -> Router {
    const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let page = move || {
        let text = context.metrics_text();
        async move { ([(header::CONTENT_TYPE, OPEN_METRICS)], text) }
    };
    Router::new().route("/metrics", get(page))
}

/// `/healthz`: the process answers. `/readyz`: every watch has shown its objects.
pub fn health(ready: Arc<AtomicBool>) -> Router {
    let readiness = move || {
        let ready = ready.load(Ordering::Relaxed);
        async move {
            if ready {
                (StatusCode::OK, "ready\n").into_response()
            } else {
                (StatusCode::SERVICE_UNAVAILABLE, "the watches have not shown their objects yet\n")
                    .into_response()
            }
        }
    };
    Router::new().route("/healthz", get(|| async { "alive\n" })).route("/readyz", get(readiness))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn readiness_follows_the_watches() {
        let flag = Arc::new(AtomicBool::new(false));
        let ask = || async {
            let request = Request::get("/readyz").body(Body::empty()).unwrap();
            health(flag.clone()).oneshot(request).await.unwrap().status()
        };
        assert_eq!(ask().await, StatusCode::SERVICE_UNAVAILABLE);
        flag.store(true, Ordering::Relaxed);
        assert_eq!(ask().await, StatusCode::OK);
    }
}
