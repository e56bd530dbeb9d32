//! A server within this process, over a folder that goes with it or stays, and a client connected to it over the loopback.

use std::{net::SocketAddr, path::Path};

use anyhow::Context;
use magister_service::{DashboardPage, Server, ServerSettings};
use magister_student::{Client, Curriculum, CurriculumSpec, Outcome, Task};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The server, its runtime and its client.
#[derive(Debug)]
pub(crate) struct OwnServer {
    server: Option<Server>,
    client: Client,
    runtime: Runtime,
    /// `None` where it stays.
    temporary_folder: Option<TempDir>,
}

/// One curriculum there, for callers that block.
#[derive(Debug)]
pub(crate) struct ServedCurriculum<'a> {
    curriculum: Curriculum,
    runtime: &'a Runtime,
}

impl OwnServer {
    /// Starts the server on a free port and connects to it.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder for the server")?;
        let mut server = Self::over(folder.path(), DashboardPage::Off)?;
        server.temporary_folder = Some(folder);
        Ok(server)
    }

    /// Over a folder that may hold what an earlier one left, with its page served.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        Self::over(folder, DashboardPage::Served)
    }

    fn over(folder: &Path, dashboard: DashboardPage) -> anyhow::Result<Self> {
        let runtime = Runtime::new().context("cannot start the runtime")?;
        let settings = ServerSettings { dashboard, ..ServerSettings::local(folder) };
        let server = runtime.block_on(Server::start(settings))?;
        let client = runtime.block_on(Client::connect(format!("http://{}", server.address())))?;
        Ok(Self { server: Some(server), client, runtime, temporary_folder: None })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.as_ref().expect("it runs until it is dropped").address()
    }

    /// Where its page is, if it has one.
    pub(crate) fn dashboard_url(&self) -> Option<&str> {
        self.server.as_ref().and_then(Server::dashboard_url)
    }

    /// What it and its client run on.
    pub(crate) fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The client that is connected to it.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Makes a curriculum.
    pub(crate) fn curriculum(&self, spec: CurriculumSpec) -> anyhow::Result<ServedCurriculum<'_>> {
        let curriculum = self.runtime.block_on(self.client.create_or_open(spec))?;
        Ok(ServedCurriculum { curriculum, runtime: &self.runtime })
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            // Its folder goes next: what failed in stopping is of no consequence.
            let _ = self.runtime.block_on(server.stop());
        }
    }
}

impl ServedCurriculum<'_> {
    /// Asks for a task.
    pub(crate) fn ask(&self) -> anyhow::Result<Task> {
        Ok(self.runtime.block_on(self.curriculum.ask())?)
    }

    /// Tells the return of a task's episode.
    pub(crate) fn tell(&self, task: &Task, return_: f64) -> anyhow::Result<()> {
        self.runtime.block_on(self.curriculum.tell(task, Outcome::completed(return_)))?;
        Ok(())
    }
}

/// The values of a task whose dimensions are scalars.
pub(crate) fn scalars<'a>(
    task: &Task,
    names: impl IntoIterator<Item = &'a String>,
) -> anyhow::Result<Vec<f64>> {
    names.into_iter().map(|name| Ok(task.f64(name)?)).collect()
}
