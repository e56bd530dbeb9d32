//! The web page over a server's curricula, on the server's own port.
//!
//! Three things are served: the page's files, the contract's calls in JSON (`POST /api/CALL`), and its streams as
//! server-sent events (`GET /api/stream/CALL?message=JSON`). The page knows nothing that another client could not ask for. What
//! opens it is a token, see [`session`]; a browser that shows it once keeps it in a cookie.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Path, Query, Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response, Sse, sse},
    routing::{get, post},
};
use futures_util::StreamExt;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri,
    header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
        RETRY_AFTER, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
    },
};
use magister_proto::v1::{self, teacher_service_server::TeacherService};
use serde::Deserialize;
use tonic::Status;

use crate::{access::Access, rpc::TeacherRpc};

mod assets;
mod calls;
mod session;

use calls::{CallError, Calls, RefusalBody, http_status};
pub use session::DashboardTokenError;
pub(crate) use session::token;
use session::{Refusal, Session};

/// Scripts, styles and answers come from here alone, and no other page may show it in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What the handlers share.
#[derive(Clone, Debug)]
pub(crate) struct Dashboard {
    session: Arc<Session>,
    calls: Calls,
    rpc: TeacherRpc,
}

/// What `?token=` shows.
#[derive(Debug, Deserialize)]
struct Opening {
    token: Option<String>,
}

/// What `?message=` asks.
#[derive(Debug, Deserialize)]
struct Question {
    message: Option<String>,
}

impl Dashboard {
    /// Over these calls, for whoever shows this token.
    pub(crate) fn new(
        rpc: TeacherRpc,
        token: crate::access::Token,
        access: &Access,
        listen: std::net::SocketAddr,
    ) -> Self {
        let calls = Calls::new(v1::teacher_service_server::TeacherServiceServer::new(rpc.clone()));
        Self { session: Arc::new(Session::new(token, access, listen)), calls, rpc }
    }

    /// Where to open it, with the token.
    pub(crate) fn url(&self) -> String {
        self.session.url()
    }

    /// What it answers.
    pub(crate) fn routes(self) -> Router {
        let api = Router::new()
            .route("/api/{call}", post(call))
            .route("/api/stream/{call}", get(stream))
            .route("/api/export/{curriculum}", get(export))
            .layer(middleware::from_fn_with_state(self.clone(), guard_calls));
        Router::new()
            .route("/", get(page))
            .route("/curricula/{curriculum}", get(page))
            .route("/assets/{*name}", get(assets::file))
            .merge(api)
            .layer(middleware::from_fn(secure))
            .with_state(self)
    }
}

async fn page(
    State(dashboard): State<Dashboard>,
    Query(opening): Query<Opening>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let session = &dashboard.session;
    if let Err(refusal) = session.check_host(&headers, authority(&uri)) {
        return (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response();
    }
    match opening.token {
        // The address without the token: it shall not stay in the browser's history.
        Some(shown) if session.opens(shown.as_bytes()) => {
            ([(SET_COOKIE, session.set_cookie())], Redirect::to(uri.path())).into_response()
        }
        Some(_) => assets::sign_in(StatusCode::FORBIDDEN),
        None => match session.check(&Method::GET, &headers, authority(&uri)) {
            Ok(()) => assets::page(),
            Err(_) => assets::sign_in(StatusCode::UNAUTHORIZED),
        },
    }
}

async fn guard_calls(State(dashboard): State<Dashboard>, request: Request, next: Next) -> Response {
    let checked = dashboard.session.check(request.method(), request.headers(), authority(request.uri()));
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let (status, reason) = match refusal {
                Refusal::Token => (StatusCode::UNAUTHORIZED, "TOKEN_REQUIRED"),
                Refusal::Host(_) => (StatusCode::FORBIDDEN, "FOREIGN_HOST"),
                Refusal::Origin(_) => (StatusCode::FORBIDDEN, "FOREIGN_ORIGIN"),
            };
            refuse(status, &RefusalBody::of(reason, refusal.to_string()))
        }
    }
}

async fn call(State(dashboard): State<Dashboard>, Path(name): Path<String>, message: Bytes) -> Response {
    match dashboard.calls.unary(&name, &message).await {
        Ok(answer) => json(StatusCode::OK, answer),
        Err(error) => refuse_call(&error),
    }
}

async fn stream(
    State(dashboard): State<Dashboard>,
    Path(name): Path<String>,
    Query(question): Query<Question>,
) -> Response {
    let message = question.message.unwrap_or_else(|| "{}".to_owned());
    match dashboard.calls.stream(&name, message.as_bytes()).await {
        Ok(answers) => {
            let events = answers.map(|answer| {
                Ok::<_, Infallible>(match answer {
                    Ok(answer) => sse::Event::default().data(answer),
                    Err(status) => {
                        sse::Event::default().event("refusal").data(body(&RefusalBody::of_status(&status)))
                    }
                })
            });
            Sse::new(events).keep_alive(sse::KeepAlive::default()).into_response()
        }
        Err(error) => refuse_call(&error),
    }
}

/// The portable file, as `magister curriculum export` writes it.
async fn export(State(dashboard): State<Dashboard>, Path(curriculum): Path<String>) -> Response {
    let request = v1::ExportCurriculumRequest { name: format!("curricula/{curriculum}") };
    match dashboard.rpc.export_curriculum(tonic::Request::new(request)).await {
        Ok(answer) => {
            let chunks = answer.into_inner().map(|part| part.map(|part| Bytes::from(part.chunk)));
            // A curriculum that is there has a name of letters, digits and a few marks.
            let disposition = format!("attachment; filename=\"{curriculum}.magister\"");
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
                (CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (
                    CONTENT_DISPOSITION,
                    HeaderValue::try_from(disposition).expect("names of curricula fit into a header"),
                ),
            ];
            (headers, Body::from_stream(chunks)).into_response()
        }
        Err(status) => refuse_status(&status),
    }
}

/// What browsers shall and shall not do with every answer.
async fn secure(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &'static str); 3] = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refuse_call(error: &CallError) -> Response {
    match error {
        CallError::Refused(status) => refuse_status(status),
        CallError::Unknown { .. } => {
            refuse(StatusCode::NOT_FOUND, &RefusalBody::of("UNKNOWN_CALL", error.to_string()))
        }
        CallError::Streams { .. } | CallError::Message { .. } => {
            refuse(StatusCode::BAD_REQUEST, &RefusalBody::of("INVALID_REQUEST", error.to_string()))
        }
    }
}

fn refuse_status(status: &Status) -> Response {
    refuse(http_status(status.code()), &RefusalBody::of_status(status))
}

fn refuse(status: StatusCode, refusal: &RefusalBody) -> Response {
    let mut response = json(status, body(refusal));
    if let Some(wait_ms) = refusal.retry_after_ms {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_ms.div_ceil(1000)));
    }
    response
}

fn json(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
}

fn body(refusal: &RefusalBody) -> String {
    serde_json::to_string(refusal).expect("a refusal is plain text")
}

fn authority(uri: &Uri) -> Option<&str> {
    uri.authority().map(|authority| authority.as_str())
}
