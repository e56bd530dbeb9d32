//! A server from its settings to its clean end.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, thread::available_parallelism, time::Duration};

use axum::routing::get;
use magister_proto::v1::{FILE_DESCRIPTOR_SET, teacher_service_server::TeacherServiceServer};
use tokio::{net::TcpListener, sync::Semaphore, sync::watch, task::JoinHandle, time::timeout};
use tonic::{
    service::{Routes, interceptor::InterceptedService},
    transport::{Server as Transport, server::TcpIncoming},
};
use tonic_health::ServingStatus;

use crate::{
    access::{Access, AccessError, Guard, Token},
    answers::AnswerLayer,
    clock::Clock,
    dashboard::{self, Dashboard, DashboardTokenError},
    health,
    metrics::{self, Metrics},
    owner::Surroundings,
    registry::Registry,
    rpc::TeacherRpc,
    store::{Store, StoreError, StoreThread},
};

/// How long a server that stops waits for clients to read their last answers.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Folder that holds the store; made if it is not there.
    pub data: PathBuf,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Most curricula; further ones are refused.
    pub max_curricula: u64,
    /// Who may call.
    pub access: Access,
    /// Events of a curriculum after which a snapshot of it is taken: what a restart has to replay at most.
    pub snapshot_events: u64,
    /// Whether a web page is served on the same port.
    pub dashboard: DashboardPage,
}

/// Whether a server shows its curricula to browsers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DashboardPage {
    /// To whoever opens [`Server::dashboard_url`].
    Served,
    /// To nobody.
    #[default]
    Off,
}

impl ServerSettings {
    /// On a free loopback port, over this folder.
    pub fn local(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            max_curricula: 10_000,
            access: Access::default(),
            snapshot_events: 20_000,
            dashboard: DashboardPage::Off,
        }
    }
}

/// Why a server did not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Others could reach it who should not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The dashboard's token cannot be kept.
    #[error(transparent)]
    DashboardToken(#[from] DashboardTokenError),
    /// The address cannot be listened at: choose another.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Connections could not be served any more.
    #[error("the transport failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// A part of the server panicked.
    #[error("the server panicked")]
    Panicked,
}

/// A running server; dropping it leaves it running until the runtime ends.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    dashboard_url: Option<String>,
    stop: watch::Sender<bool>,
    transport: JoinHandle<Result<(), tonic::transport::Error>>,
    registry: Arc<Registry>,
    store: StoreThread,
}

impl Server {
    /// Opens the store, listens, and serves until [`Server::stop`].
    ///
    /// # Errors
    /// [`ServerError`] where the folder or the address cannot be used.
    pub async fn start(settings: ServerSettings) -> Result<Self, ServerError> {
        settings.access.check_exposure(settings.listen)?;
        let mut transport = Transport::builder();
        if let Some(tls) = &settings.access.tls {
            transport = transport.tls_config(tls.config())?;
        }
        let data = settings.data.clone();
        let metrics = Arc::new(Metrics::default());
        let of_store = Arc::clone(&metrics);
        let (store, thread) = tokio::task::spawn_blocking(move || Store::open(&data, of_store))
            .await
            .map_err(|_| ServerError::Panicked)??;
        let cores = available_parallelism().map_or(1, usize::from);
        let surroundings = Surroundings {
            store,
            clock: Clock::start(),
            metrics,
            fit_permits: Arc::new(Semaphore::new(cores)),
            snapshot_events: settings.snapshot_events,
        };
        let opened = open(surroundings, &settings).await;
        let (registry, token, listener, address) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                // The folder is free again when the error is told.
                tokio::task::spawn_blocking(move || thread.close())
                    .await
                    .map_err(|_| ServerError::Panicked)?;
                return Err(error);
            }
        };
        let rpc = TeacherRpc::new(Arc::clone(&registry));
        let dashboard = token.map(|token| Dashboard::new(rpc.clone(), token, &settings.access, address));
        let dashboard_url = dashboard.as_ref().map(Dashboard::url);
        let (stop, stopped) = watch::channel(false);
        let transport = tokio::spawn(serve(
            transport,
            Services { rpc, guard: Guard::new(&settings.access), dashboard },
            listener,
            Arc::clone(&registry),
            stopped,
        ));
        Ok(Self { address, dashboard_url, stop, transport, registry, store: thread })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where to open its web page, if it has one. The address holds the secret that opens it.
    pub fn dashboard_url(&self) -> Option<&str> {
        self.dashboard_url.as_deref()
    }

    /// Takes no new connections, answers the calls that wait, leaves snapshots, ends the streams, and closes the
    /// store. Calls that come later hear that the server is shutting down. Clients that do not read, or do not finish
    /// what they send, are left behind after some seconds.
    ///
    /// # Errors
    /// [`ServerError`] where a part had failed before. What was acknowledged is on disk all the same.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.stop.send_replace(true);
        // The owners first: streams end with them, and the transport waits for the streams.
        self.registry.stop().await;
        drop(self.registry);
        let mut transport = self.transport;
        let served = match timeout(LAST_ANSWERS, &mut transport).await {
            Ok(served) => served.map_err(|_| ServerError::Panicked)?,
            Err(_) => {
                tracing::warn!("some clients neither read nor finish what they send: left behind");
                transport.abort();
                Ok(())
            }
        };
        tokio::task::spawn_blocking(move || self.store.close()).await.map_err(|_| ServerError::Panicked)?;
        Ok(served?)
    }
}

async fn open(
    surroundings: Surroundings,
    settings: &ServerSettings,
) -> Result<(Arc<Registry>, Option<Token>, TcpListener, SocketAddr), ServerError> {
    let token = match settings.dashboard {
        DashboardPage::Served => Some(dashboard::token(&settings.data)?),
        DashboardPage::Off => None,
    };
    let registry = Arc::new(Registry::open(surroundings, settings.max_curricula).await?);
    let refuse = |source| ServerError::Listen { address: settings.listen, source };
    let listener = TcpListener::bind(settings.listen).await.map_err(refuse)?;
    let address = listener.local_addr().map_err(refuse)?;
    Ok((registry, token, listener, address))
}

/// What a server answers with.
struct Services {
    rpc: TeacherRpc,
    guard: Guard,
    dashboard: Option<Dashboard>,
}

async fn serve(
    transport: Transport,
    Services { rpc, guard, dashboard }: Services,
    listener: TcpListener,
    registry: Arc<Registry>,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), tonic::transport::Error> {
    let (health, health_service) = tonic_health::server::health_reporter();
    health::tell(&health, ServingStatus::Serving).await;
    let following = tokio::spawn(health::follow(registry.store().clone(), health.clone()));
    let metrics = Arc::clone(registry.metrics());
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let v1 = reflection().build_v1().expect("the descriptors were compiled with this crate");
    let v1alpha = reflection().build_v1alpha().expect("the descriptors were compiled with this crate");
    let calls = Routes::new(InterceptedService::new(TeacherServiceServer::new(rpc), guard.clone()))
        .add_service(InterceptedService::new(v1, guard.clone()))
        .add_service(InterceptedService::new(v1alpha, guard.clone()))
        // Unguarded: those who ask whether a server lives (load balancers, orchestrators) hold no token.
        .add_service(health_service);
    let metrics_page =
        axum::Router::new().route("/metrics", get(metrics::page)).with_state((guard, Arc::clone(&metrics)));
    let pages = dashboard.map_or_else(axum::Router::new, Dashboard::routes).merge(metrics_page);
    transport
        // For the pages: gRPC itself is always HTTP/2.
        .accept_http1(true)
        .layer(AnswerLayer::new(metrics))
        .add_routes(Routes::from(calls.into_axum_router().merge(pages)))
        .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), async move {
            // An error means that the server was dropped: it ends with its runtime.
            if stopped.wait_for(|stopped| *stopped).await.is_err() {
                std::future::pending::<()>().await;
            }
            following.abort();
            health::tell(&health, ServingStatus::NotServing).await;
        })
        .await
}
