//! The in-process harness: a real server over a folder of its own, with clients connected to it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use magister_service::{Access, Server, ServerError, ServerSettings};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

mod certificates;
mod proxy;
mod refusal;
mod still_clock;
mod usage;

pub use certificates::{Certificates, Signed};
pub use proxy::CuttingProxy;
pub use refusal::Refusal;
pub use still_clock::StillClock;
pub use usage::Usage;

/// A client of the contract without any SDK.
pub type Client = TeacherServiceClient<Channel>;

const FREE_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server on a free loopback port over a folder that goes with it.
#[derive(Debug)]
pub struct TestServer {
    server: Server,
    stopped: StoppedServer,
}

/// What is left of a server that was stopped, and what another can be started from.
#[derive(Debug)]
pub struct StoppedServer {
    folder: TempDir,
    address: SocketAddr,
    access: Access,
}

impl TestServer {
    /// Starts a server over an empty folder.
    pub async fn start() -> Self {
        Self::start_with(Access::default()).await
    }

    /// Starts a server that only some may call.
    pub async fn start_with(access: Access) -> Self {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        Self::start_over(folder, access).await
    }

    /// The same in memory, where the system has a folder there: for tests that start many.
    pub async fn start_in_memory() -> Self {
        Self::start_over(memory_folder(), Access::default()).await
    }

    async fn start_over(folder: TempDir, access: Access) -> Self {
        StoppedServer { folder, address: FREE_PORT, access }
            .start()
            .await
            .expect("the folder is empty, the port free")
    }

    /// Stops the server cleanly and starts another over the same folder, on another port.
    pub async fn restart(self) -> Self {
        let mut stopped = self.stop().await;
        stopped.address.set_port(0);
        stopped.start().await.expect("the folder was just used")
    }

    /// Stops the server cleanly.
    pub async fn stop(self) -> StoppedServer {
        self.server.stop().await.expect("a healthy server stops cleanly");
        self.stopped
    }

    /// Starts a server over a folder with a store in it.
    ///
    /// # Errors
    /// What [`Server::start`] says.
    pub async fn over(folder: TempDir) -> Result<Self, ServerError> {
        StoppedServer { folder, address: FREE_PORT, access: Access::default() }.start().await
    }

    /// The folder of its store.
    pub fn folder(&self) -> &Path {
        self.stopped.folder.path()
    }

    /// `http://` or `https://` and its address.
    pub fn uri(&self) -> String {
        let scheme = if self.stopped.access.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A client on a connection of its own.
    pub async fn client(&self) -> Client {
        let endpoint = Endpoint::from_shared(self.uri()).expect("an address makes a URI");
        Client::new(endpoint.connect().await.expect("the server listens"))
    }
}

impl StoppedServer {
    /// Starts a server over the same folder, at the same address.
    ///
    /// # Errors
    /// What [`Server::start`] says.
    pub async fn start(mut self) -> Result<TestServer, ServerError> {
        let settings = ServerSettings {
            listen: self.address,
            access: self.access.clone(),
            ..ServerSettings::local(self.folder.path())
        };
        let server = Server::start(settings).await?;
        self.address = server.address();
        Ok(TestServer { server, stopped: self })
    }

    /// The folder of its store.
    pub fn into_folder(self) -> TempDir {
        self.folder
    }
}

/// A folder for temporary files in memory, where the system has one there; otherwise wherever it keeps them.
pub fn memory_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("the system has a folder for temporary files")
}

/// A continuous scalar dimension.
pub fn continuous(name: &str, low: f64, high: f64) -> v1::Dimension {
    let kind = v1::dimension::Kind::Continuous(v1::dimension::Continuous { low, high });
    v1::Dimension { name: name.to_owned(), kind: Some(kind), ..Default::default() }
}

/// A request for an ALP-GMM curriculum over `dimensions`, with the fit rate given and otherwise the defaults.
pub fn alp_gmm_request(
    id: &str,
    dimensions: Vec<v1::Dimension>,
    fit_rate: u32,
) -> v1::CreateCurriculumRequest {
    let alp_gmm = v1::AlpGmm { fit_rate: Some(fit_rate), ..Default::default() };
    v1::CreateCurriculumRequest {
        curriculum_id: id.to_owned(),
        curriculum: Some(v1::Curriculum {
            space: Some(v1::TaskSpace { dimensions }),
            teacher: Some(v1::TeacherSpec { algorithm: Some(v1::teacher_spec::Algorithm::AlpGmm(alp_gmm)) }),
            seed: 1,
            ..Default::default()
        }),
        request_id: String::new(),
    }
}

/// A completed outcome of a task that was handed out.
pub fn completed(task: &v1::Task, episode_return: f64) -> v1::EpisodeOutcome {
    let completed = v1::episode_outcome::Completed { episode_return, ..Default::default() };
    v1::EpisodeOutcome {
        task: task.name.clone(),
        outcome: Some(v1::episode_outcome::Outcome::Completed(completed)),
        ..Default::default()
    }
}

/// The number of a scalar continuous dimension of a task.
pub fn number(task: &v1::Task, dimension: &str) -> f64 {
    let parameters = task.parameters.as_ref().expect("a task has parameters");
    match parameters.values.get(dimension).and_then(|value| value.value.as_ref()) {
        Some(v1::parameter_value::Value::Number(number)) => *number,
        other => panic!("{dimension} is {other:?}"),
    }
}
