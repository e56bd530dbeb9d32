//! The connection to a server.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use magister_proto::v1;
use tonic::{Response, Status};

use crate::{
    connection::{ConnectOptions, Rpc},
    curriculum::Curriculum,
    error::{Error, Reason},
    info::CurriculumInfo,
    retry::Patience,
    spec::CurriculumSpec,
};

/// A connection to a server; clones share it.
#[derive(Clone, Debug)]
pub struct Client {
    rpc: Rpc,
    patience: Patience,
    requests: Arc<RequestIds>,
}

/// Ids that no other client gives out.
#[derive(Debug)]
struct RequestIds {
    session: u64,
    next: AtomicU64,
}

impl Client {
    /// Connects to a server, such as `http://127.0.0.1:50551`.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Options`] or, within 5 seconds, [`Error::Connect`] with what to check.
    pub async fn connect(address: impl Into<String>) -> Result<Self, Error> {
        Self::connect_with(address, ConnectOptions::default()).await
    }

    /// Connects with other options.
    ///
    /// # Errors
    /// As [`Client::connect`].
    pub async fn connect_with(address: impl Into<String>, options: ConnectOptions) -> Result<Self, Error> {
        let rpc = options.connect(&address.into()).await?;
        Self::over(rpc, &options)
    }

    /// Connects with the first call: for processes that take over another's connection, whose server was there and
    /// may be away for a moment. That call waits for the server as any other does. Must be called within a runtime.
    ///
    /// # Errors
    /// [`Error::Address`] or [`Error::Options`].
    pub fn connect_lazily(address: &str, options: ConnectOptions) -> Result<Self, Error> {
        Self::over(options.connect_lazily(address)?, &options)
    }

    fn over(rpc: Rpc, options: &ConnectOptions) -> Result<Self, Error> {
        // The system's randomness, anew for every connection: a generator that lives in this process would go on
        // equally in the copies that fork makes of it, and two processes would ask with the same ids.
        let session = getrandom::u64().map_err(|error| Error::File {
            what: "cannot draw the number of this session".to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Self {
            rpc,
            patience: Patience { retry_for: options.retry_for, call_timeout: options.call_timeout },
            requests: Arc::new(RequestIds { session, next: AtomicU64::new(0) }),
        })
    }

    /// Makes a curriculum, or opens the one of this name if its settings are the same.
    ///
    /// # Errors
    /// [`Error::Differs`] if there is one with other settings; [`Error::Refused`] if the settings are not
    /// valid.
    pub async fn create_or_open(&self, spec: CurriculumSpec) -> Result<Curriculum, Error> {
        let request = v1::CreateCurriculumRequest {
            curriculum_id: spec.id().to_owned(),
            curriculum: Some(spec.to_wire()),
            request_id: self.request_id(),
        };
        let created =
            self.call(request, |mut rpc, request| async move { rpc.create_curriculum(request).await }).await;
        match created {
            Ok(curriculum) => Ok(Curriculum::new(self.clone(), curriculum.name)),
            Err(error) if error.reason() == Some(&Reason::CurriculumExists) => {
                let curriculum = Curriculum::new(self.clone(), format!("curricula/{}", spec.id()));
                let differences = spec.differences(&curriculum.describe_wire().await?);
                if differences.is_empty() {
                    Ok(curriculum)
                } else {
                    Err(Error::Differs { name: spec.id().to_owned(), differences })
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a curriculum that exists.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::CurriculumNotFound`] if it does not.
    pub async fn open(&self, id: &str) -> Result<Curriculum, Error> {
        let curriculum = Curriculum::new(self.clone(), format!("curricula/{id}"));
        curriculum.describe().await?;
        Ok(curriculum)
    }

    /// All curricula, in the order of their names.
    ///
    /// # Errors
    /// [`Error::GaveUp`] if the server stays away.
    pub async fn list(&self) -> Result<Vec<CurriculumInfo>, Error> {
        let mut curricula = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = v1::ListCurriculaRequest { page_size: 1000, page_token };
            let page = self
                .call(request, |mut rpc, request| async move { rpc.list_curricula(request).await })
                .await?;
            for curriculum in page.curricula {
                curricula.push(curriculum.try_into()?);
            }
            if page.next_page_token.is_empty() {
                return Ok(curricula);
            }
            page_token = page.next_page_token;
        }
    }

    /// Makes a call again and again until it succeeds, is refused for good, or time is up. It must be
    /// harmless to repeat.
    pub(crate) async fn call<Q: Clone, A, F>(
        &self,
        request: Q,
        attempt: impl Fn(Rpc, Q) -> F,
    ) -> Result<A, Error>
    where
        F: Future<Output = Result<Response<A>, Status>>,
    {
        self.patience.call(|| attempt(self.rpc.clone(), request.clone())).await
    }

    /// The calls as they are, for streams.
    pub(crate) fn rpc(&self) -> Rpc {
        self.rpc.clone()
    }

    pub(crate) fn patience(&self) -> Patience {
        self.patience
    }

    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}-{number}", self.requests.session)
    }
}
