//! The in-process harness: a real server over a folder of its own, with clients connected to it.

use std::path::Path;

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use magister_service::{Server, ServerError, ServerSettings};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

mod refusal;
mod usage;

pub use refusal::Refusal;
pub use usage::Usage;

/// A client of the contract without any SDK.
pub type Client = TeacherServiceClient<Channel>;

/// A server on a free loopback port over a folder that goes with it.
#[derive(Debug)]
pub struct TestServer {
    server: Server,
    folder: TempDir,
}

impl TestServer {
    /// Starts a server over an empty folder.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("the system has a folder for temporary files");
        Self::start_in(folder).await.expect("an empty folder and a free port can be used")
    }

    async fn start_in(folder: TempDir) -> Result<Self, ServerError> {
        let server = Server::start(ServerSettings::local(folder.path())).await?;
        Ok(Self { server, folder })
    }

    /// Stops the server cleanly and starts another over the same folder.
    pub async fn restart(self) -> Self {
        let Self { server, folder } = self;
        server.stop().await.expect("a healthy server stops cleanly");
        Self::start_in(folder).await.expect("the folder was just used")
    }

    /// Starts a server over a folder with a store in it.
    ///
    /// # Errors
    /// What [`Server::start`] says.
    pub async fn over(folder: TempDir) -> Result<Self, ServerError> {
        Self::start_in(folder).await
    }

    /// Stops the server cleanly and gives its folder.
    pub async fn stop(self) -> TempDir {
        self.server.stop().await.expect("a healthy server stops cleanly");
        self.folder
    }

    /// The folder of its store.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `http://` and its address.
    pub fn uri(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// A client on a connection of its own.
    pub async fn client(&self) -> Client {
        let endpoint = Endpoint::from_shared(self.uri()).expect("an address makes a URI");
        Client::new(endpoint.connect().await.expect("the server listens"))
    }
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
