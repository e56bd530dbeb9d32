//! How a client reaches a server: the address, encryption, the token, and what is wrong where it does not.

use std::{fmt, io, time::Duration};

use magister_proto::v1::{self, teacher_service_client::TeacherServiceClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

use crate::error::{ConnectProblem, Error, Reason, root_cause};

/// How long the first connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A peer that is gone without a word is noticed after both of these.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(20);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// The contract's calls over a connection that shows the token.
pub(crate) type Rpc = TeacherServiceClient<InterceptedService<Channel, Credentials>>;

/// How a client connects and how patient it is.
///
/// ```no_run
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// use std::{env, fs, time::Duration};
///
/// use magister_student::{Client, ConnectOptions};
///
/// let options = ConnectOptions::default()
///     .ca_certificate(fs::read("authority.pem")?)
///     .token(env::var("MAGISTER_TOKEN")?)
///     .retry_for(Duration::from_secs(3600));
/// let client = Client::connect_with("https://teacher.example:50551", options).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    pub(crate) retry_for: Duration,
    pub(crate) call_timeout: Duration,
    ca_certificate: Option<Vec<u8>>,
    client_certificate: Option<(Vec<u8>, Secret<Vec<u8>>)>,
    token: Option<Secret<String>>,
}

/// What must not be printed.
#[derive(Clone)]
struct Secret<T>(T);

/// What each call shows.
#[derive(Clone, Debug)]
pub(crate) struct Credentials(Option<MetadataValue<Ascii>>);

/// A server's address, read.
struct Target {
    endpoint: Endpoint,
    encrypted: bool,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            retry_for: Duration::from_secs(600),
            call_timeout: Duration::from_secs(30),
            ca_certificate: None,
            client_certificate: None,
            token: None,
        }
    }
}

impl ConnectOptions {
    /// How long calls are repeated while the server is away or the curriculum paused; default 10 minutes. The first
    /// connect fails within 5 seconds.
    pub fn retry_for(mut self, retry_for: Duration) -> Self {
        self.retry_for = retry_for;
        self
    }

    /// How long one attempt may take; default 30 seconds.
    pub fn call_timeout(mut self, call_timeout: Duration) -> Self {
        self.call_timeout = call_timeout;
        self
    }

    /// Trusts servers whose certificate this authority has signed (PEM), instead of those that the system trusts.
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificate = Some(pem.into());
        self
    }

    /// Shows the server this certificate; both it and its key are PEM.
    pub fn client_certificate(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.client_certificate = Some((certificate.into(), Secret(key.into())));
        self
    }

    /// Shows the server this token with every call. Without encryption it can be read on the way.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Secret(token.into()));
        self
    }

    /// Connects, and makes sure that a Magister server answers and accepts the token.
    pub(crate) async fn connect(&self, address: &str) -> Result<Rpc, Error> {
        let target = self.target(address)?;
        let credentials = self.credentials()?;
        let refuse = |problem| Error::Connect { address: address.to_owned(), problem };
        let attempt = timeout(CONNECT_TIMEOUT, target.connect(credentials));
        attempt.await.unwrap_or(Err(ConnectProblem::NoAnswer)).map_err(refuse)
    }

    /// Connects when it is first used.
    pub(crate) fn connect_lazily(&self, address: &str) -> Result<Rpc, Error> {
        let channel = self.target(address)?.endpoint.connect_lazy();
        Ok(TeacherServiceClient::with_interceptor(channel, self.credentials()?))
    }

    fn target(&self, address: &str) -> Result<Target, Error> {
        let has_certificate = self.ca_certificate.is_some() || self.client_certificate.is_some();
        let scheme = if has_certificate { "https" } else { "http" };
        let given =
            if address.contains("://") { address.to_owned() } else { format!("{scheme}://{address}") };
        let endpoint = Endpoint::from_shared(given)
            .ok()
            .filter(|endpoint| endpoint.uri().host().is_some_and(|host| !host.is_empty()))
            .filter(|endpoint| matches!(endpoint.uri().scheme_str(), Some("http" | "https")))
            .filter(|endpoint| has_port_or_needs_none(endpoint.uri()))
            .ok_or_else(|| Error::Address { address: address.to_owned() })?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .tcp_nodelay(true);
        let encrypted = endpoint.uri().scheme_str() == Some("https");
        if !encrypted && has_certificate {
            return Err(Error::Options("a certificate was given and the address is not https://"));
        }
        let endpoint = if encrypted { self.encrypt(endpoint)? } else { endpoint };
        Ok(Target { endpoint, encrypted })
    }

    #[cfg(feature = "tls")]
    fn encrypt(&self, endpoint: Endpoint) -> Result<Endpoint, Error> {
        use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
        use tonic::transport::{Certificate, ClientTlsConfig, Identity};

        let has_certificate = |pem: &[u8]| {
            let mut found = CertificateDer::pem_slice_iter(pem).peekable();
            found.peek().is_some() && found.all(|certificate| certificate.is_ok())
        };
        let mut config = ClientTlsConfig::new();
        config = match &self.ca_certificate {
            Some(pem) if has_certificate(pem) => config.ca_certificate(Certificate::from_pem(pem)),
            Some(_) => return Err(Error::Options("the authority's certificate is not a PEM certificate")),
            None => config.with_native_roots(),
        };
        if let Some((certificate, Secret(key))) = &self.client_certificate {
            if !has_certificate(certificate) {
                return Err(Error::Options("the client's certificate is not a PEM certificate"));
            }
            if PrivateKeyDer::from_pem_slice(key).is_err() {
                return Err(Error::Options("the client's key is not a PEM private key without passphrase"));
            }
            config = config.identity(Identity::from_pem(certificate, key));
        }
        endpoint.tls_config(config).map_err(|_| match &self.client_certificate {
            Some(_) => Error::Options("the client's key does not belong to its certificate"),
            None => Error::Options("the system trusts no certificates: give the authority's"),
        })
    }

    #[cfg(not(feature = "tls"))]
    fn encrypt(&self, _endpoint: Endpoint) -> Result<Endpoint, Error> {
        Err(Error::Options("this build cannot encrypt: turn on the feature `tls` of magister-student"))
    }

    fn credentials(&self) -> Result<Credentials, Error> {
        let Some(Secret(token)) = &self.token else { return Ok(Credentials(None)) };
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::Options("the token is empty, or has spaces or characters beyond ASCII"));
        }
        let mut header = MetadataValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Error::Options("the token cannot travel in a header"))?;
        header.set_sensitive(true);
        Ok(Credentials(Some(header)))
    }
}

impl Target {
    async fn connect(&self, credentials: Credentials) -> Result<Rpc, ConnectProblem> {
        let channel = match self.endpoint.connect().await {
            Ok(channel) => channel,
            Err(error) => return Err(self.transport_problem(&error, Stage::Handshake)),
        };
        let mut rpc = TeacherServiceClient::with_interceptor(channel, credentials);
        // A connection alone proves nothing: HTTP/2 begins without an answer, and TLS may refuse a client later. The
        // call for no name is refused at the server's edge and wakes no curriculum.
        let Err(status) = rpc.get_curriculum(v1::GetCurriculumRequest::default()).await else {
            return Ok(rpc);
        };
        match Reason::of(&status) {
            Some(Reason::TokenRequired) => Err(ConnectProblem::Token(status.message().to_owned())),
            Some(_) => Ok(rpc),
            None => match std::error::Error::source(&status) {
                Some(error) => {
                    let problem = self.transport_problem(error, Stage::FirstCall);
                    let may_encrypt = !self.encrypted && matches!(problem, ConnectProblem::NotMagister(_));
                    Err(match may_encrypt && self.answers_with_tls().await {
                        true => ConnectProblem::ServerSpeaksTls,
                        false => problem,
                    })
                }
                None => {
                    Err(ConnectProblem::NotMagister(format!("{:?}: {}", status.code(), status.message())))
                }
            },
        }
    }

    fn transport_problem(&self, error: &(dyn std::error::Error + 'static), stage: Stage) -> ConnectProblem {
        let said = root_cause(error);
        if let Some(problem) = tls_problem(error) {
            return problem;
        }
        let kind = io_kind(error);
        let cut = [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe];
        match (self.encrypted, stage) {
            (true, Stage::Handshake) if kind.is_some_and(|kind| cut.contains(&kind)) => {
                ConnectProblem::ServerSpeaksPlain
            }
            // TLS 1.3 ends the handshake on the client's side before the server has seen its certificate.
            (true, Stage::FirstCall) => ConnectProblem::ClientCertificate(said),
            (false, Stage::FirstCall) => ConnectProblem::NotMagister(said),
            (_, Stage::Handshake) if kind == Some(io::ErrorKind::TimedOut) => ConnectProblem::NoAnswer,
            (_, Stage::Handshake) => ConnectProblem::NothingListens(said),
        }
    }

    /// Whether the server answers the beginning of a plain connection as TLS does: with an alert.
    async fn answers_with_tls(&self) -> bool {
        const ALERT: u8 = 21;
        let uri = self.endpoint.uri();
        let (Some(host), port) = (uri.host(), uri.port_u16().unwrap_or(80)) else { return false };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let Ok(mut stream) = TcpStream::connect((host, port)).await else { return false };
        let sent = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        sent.is_ok() && stream.read_u8().await.is_ok_and(|first| first == ALERT)
    }
}

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The TCP connection, and TLS if it is encrypted.
    Handshake,
    /// After it, in the first call.
    FirstCall,
}

impl Interceptor for Credentials {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(header) = &self.0 {
            request.metadata_mut().insert("authorization", header.clone());
        }
        Ok(request)
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("redacted")
    }
}

/// A port that is no number up to 65535 would be passed over, and another one tried.
fn has_port_or_needs_none(uri: &tonic::transport::Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    let after_host = authority.as_str().rsplit('@').next().unwrap_or_default().strip_prefix(authority.host());
    after_host == Some("") || authority.port_u16().is_some()
}

fn chain<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
}

fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    chain(error).find_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind)
}

#[cfg(feature = "tls")]
fn tls_problem(error: &(dyn std::error::Error + 'static)) -> Option<ConnectProblem> {
    // An input error keeps its cause where `source` does not show it.
    let said = chain(error).find_map(|error| {
        let hidden = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        hidden.and_then(|hidden| hidden.downcast_ref::<rustls::Error>()).or_else(|| error.downcast_ref())
    })?;
    Some(match said {
        rustls::Error::InvalidMessage(_) => ConnectProblem::ServerSpeaksPlain,
        rustls::Error::AlertReceived(_) => ConnectProblem::ClientCertificate(said.to_string()),
        _ => ConnectProblem::ServerCertificate(said.to_string()),
    })
}

#[cfg(not(feature = "tls"))]
fn tls_problem(_error: &(dyn std::error::Error + 'static)) -> Option<ConnectProblem> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_work_are_refused_before_anything_is_sent() {
        let options = ConnectOptions::default;
        let pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        for (options, address, expected) in [
            (options(), "", "is not an address"),
            (options(), "http://", "is not an address"),
            (options(), "ftp://host:1", "is not an address"),
            (options(), "127.0.0.1:99999", "is not an address"),
            (options(), "http://[::1]:66000", "is not an address"),
            (options(), "http://host:", "is not an address"),
            (options().ca_certificate(pem), "http://host:1", "not https://"),
            (options().client_certificate(pem, pem), "http://host:1", "not https://"),
            #[cfg(feature = "tls")]
            (options().ca_certificate("no PEM"), "https://host:1", "authority's certificate is not"),
            #[cfg(feature = "tls")]
            (
                options().ca_certificate(pem).client_certificate("no", "no"),
                "host:1",
                "client's certificate is not",
            ),
            #[cfg(feature = "tls")]
            (options().ca_certificate(pem).client_certificate(pem, "no"), "host:1", "client's key is not"),
            #[cfg(not(feature = "tls"))]
            (options(), "https://host:1", "turn on the feature `tls`"),
        ] {
            let refused = options.target(address).map(drop).unwrap_err().to_string();
            assert!(refused.contains(expected), "{address}: {refused}");
        }
        for token in ["", "two words", "ümlaut", "line\nbreak"] {
            let refused = options().token(token).credentials().unwrap_err().to_string();
            assert!(refused.contains("the token is empty, or has spaces"), "{refused}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let options =
            ConnectOptions::default().token("hidden-token").client_certificate("shown", "hidden-key");
        let credentials = options.credentials().unwrap();
        assert!(!format!("{options:?} {credentials:?}").contains("hidden"));
        let key: String = format!("{:?}", b"hidden-key");
        assert!(!format!("{options:?}").contains(&key));
    }
}
