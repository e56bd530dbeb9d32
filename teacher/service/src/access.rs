//! Who may call: encryption, tokens, and how far a server that has neither may be reached.
//!
//! Secrets stay in here: they have no `Display`, their `Debug` is redacted, and no error or log line holds one.

use std::{
    fmt, fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use subtle::ConstantTimeEq;
use tonic::{
    Request, Status,
    service::Interceptor,
    transport::{Certificate, Identity, ServerTlsConfig},
};

use crate::error::ServiceError;

/// Shortest token, in bytes.
const SHORTEST_TOKEN: usize = 16;
/// Longest token, in bytes: headers are bounded.
const LONGEST_TOKEN: usize = 1024;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a caller needs to be served. The default serves plain connections from this machine to anyone on it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Encrypts connections.
    pub tls: Option<Tls>,
    /// What every call but those of the health service must show.
    pub token: Option<Token>,
    /// How far the server may be reached.
    pub exposure: Exposure,
}

/// How far a server may be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exposure {
    /// Beyond this machine only with encryption and token.
    #[default]
    Guarded,
    /// Wherever it listens, whatever it asks for.
    Insecure,
}

/// What a server lacks that listens beyond its machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Encryption.
    Tls,
    /// A token.
    Token,
    /// Both.
    TlsAndToken,
}

/// A server's certificate with its key, and perhaps whose certificates clients must show.
#[derive(Clone, Debug)]
pub struct Tls(ServerTlsConfig);

/// A bearer token.
#[derive(Clone)]
pub struct Token(Arc<str>);

/// Why access cannot be granted as it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Give what is missing, listen on the loopback, or say that it shall be insecure.
    #[error("{address} can be reached from other machines, and the server has {missing}")]
    Exposed {
        /// Where it was to listen.
        address: SocketAddr,
        /// What it lacks.
        missing: Missing,
    },
    /// Mend the path, or who may read the file.
    #[error("{what} {} cannot be read: {source}", path.display())]
    Unreadable {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file is another one, or damaged.
    #[error(
        "{what} {} holds no whole PEM certificate: there must be a block from -----BEGIN CERTIFICATE----- to \
         -----END CERTIFICATE-----",
        path.display()
    )]
    NoCertificate {
        /// What the file should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// The file is another one, damaged, or protected with a passphrase.
    #[error(
        "key {} holds no plain PEM private key: there must be a block from -----BEGIN PRIVATE KEY----- to -----END \
         PRIVATE KEY-----, and a key with a passphrase must be decrypted first (openssl pkey -in KEY -out PLAIN_KEY)",
        path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Give the certificate's own key.
    #[error(
        "key {} does not belong to the first certificate of {}: give the key it was made with, and the server's own \
         certificate before those of its authorities",
        key.display(),
        certificate.display()
    )]
    ForeignKey {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// What the files hold is no certificate, or of a kind that is not supported.
    #[error("the certificate {} cannot be used with key {}: {problem}", certificate.display(), key.display())]
    Unusable {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// What the TLS library says.
        problem: String,
    },
    /// What the file holds cannot vouch for clients.
    #[error("the authority for clients {} cannot be used: {problem}", path.display())]
    UnusableAuthority {
        /// The file.
        path: PathBuf,
        /// What the TLS library says.
        problem: String,
    },
    /// Make another token.
    #[error(
        "the token in {origin} {problem}: a token is one line of {SHORTEST_TOKEN} to {LONGEST_TOKEN} letters, digits and \
         marks without spaces, such as `openssl rand -hex 32` makes"
    )]
    Token {
        /// Where it came from.
        origin: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Access {
    /// Refuses a server that other machines could reach without encryption or token.
    pub(crate) fn check_exposure(&self, address: SocketAddr) -> Result<(), AccessError> {
        if address.ip().to_canonical().is_loopback() || self.exposure == Exposure::Insecure {
            return Ok(());
        }
        let missing = match (&self.tls, &self.token) {
            (Some(_), Some(_)) => return Ok(()),
            (None, Some(_)) => Missing::Tls,
            (Some(_), None) => Missing::Token,
            (None, None) => Missing::TlsAndToken,
        };
        Err(AccessError::Exposed { address, missing })
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls => "a token but no certificate: the token could be read on the way",
            Self::Token => "a certificate but no token: anyone could call",
            Self::TlsAndToken => "neither certificate nor token: anyone could call and listen in",
        })
    }
}

impl Tls {
    /// Reads the server's certificate (with those of its authorities behind it) and its key, both PEM. With
    /// `client_authority`, only clients whose certificate one of the authorities in that file has signed are served.
    ///
    /// # Errors
    /// [`AccessError`], naming the file and what to mend.
    pub fn read(
        certificate: &Path,
        key: &Path,
        client_authority: Option<&Path>,
    ) -> Result<Self, AccessError> {
        let (certificates, certificate_pem) = read_certificates("certificate", certificate)?;
        let key_pem = read("key", key)?;
        let private_key = PrivateKeyDer::from_pem_slice(&key_pem)
            .map_err(|_| AccessError::NoKey { path: key.to_owned() })?;
        let provider = Arc::new(ring::default_provider());
        // The transport makes its own from the same bytes; this one finds out what is wrong with them.
        ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("the provider supports the versions of TLS")
            .with_no_client_auth()
            .with_single_cert(certificates, private_key)
            .map_err(|error| {
                let (certificate, key) = (certificate.to_owned(), key.to_owned());
                match error {
                    rustls::Error::InconsistentKeys(_) => AccessError::ForeignKey { certificate, key },
                    other => AccessError::Unusable { certificate, key, problem: other.to_string() },
                }
            })?;
        let mut config = ServerTlsConfig::new()
            .identity(Identity::from_pem(certificate_pem, key_pem))
            .timeout(HANDSHAKE_TIMEOUT);
        if let Some(path) = client_authority {
            let (authorities, pem) = read_certificates("authority for clients", path)?;
            let refuse = |problem: String| AccessError::UnusableAuthority { path: path.to_owned(), problem };
            let mut roots = RootCertStore::empty();
            for authority in authorities {
                roots.add(authority).map_err(|error| refuse(error.to_string()))?;
            }
            WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
                .build()
                .map_err(|error| refuse(error.to_string()))?;
            config = config.client_ca_root(Certificate::from_pem(pem));
        }
        Ok(Self(config))
    }

    pub(crate) fn config(&self) -> ServerTlsConfig {
        self.0.clone()
    }
}

impl Token {
    /// Reads a token from a file of one line.
    ///
    /// # Errors
    /// [`AccessError`] if it cannot be read or holds no token.
    pub fn read(path: &Path) -> Result<Self, AccessError> {
        let bytes = read("token", path)?;
        let origin = path.display().to_string();
        match String::from_utf8(bytes) {
            Ok(text) => Self::new(text.trim_end_matches(['\r', '\n']), &origin),
            Err(_) => Err(AccessError::Token { origin, problem: "is not text".to_owned() }),
        }
    }

    /// A token that came from `origin`: a file or a variable, named in errors.
    ///
    /// # Errors
    /// [`AccessError::Token`] if it is short, long, or cannot travel in a header.
    pub fn new(token: &str, origin: &str) -> Result<Self, AccessError> {
        let problem = if token.is_empty() {
            "is empty".to_owned()
        } else if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            "has spaces, line breaks or characters beyond ASCII".to_owned()
        } else if !(SHORTEST_TOKEN..=LONGEST_TOKEN).contains(&token.len()) {
            format!("has {} characters", token.len())
        } else {
            return Ok(Self(token.into()));
        };
        Err(AccessError::Token { origin: origin.to_owned(), problem })
    }
}

impl Token {
    /// Whether `shown` is this token; in constant time but for the length, which is no secret.
    pub(crate) fn is(&self, shown: &[u8]) -> bool {
        shown.ct_eq(self.0.as_bytes()).into()
    }

    /// The secret itself, for whoever may have it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Stands before a service and lets through calls that show the token.
#[derive(Clone, Debug)]
pub(crate) struct Guard(Option<Token>);

impl Guard {
    pub(crate) fn new(access: &Access) -> Self {
        Self(access.token.clone())
    }
}

impl Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(token) = &self.0 else { return Ok(request) };
        let Some(header) = request.metadata().get("authorization") else {
            return Err(ServiceError::TokenRequired("is missing").into());
        };
        // A scheme is written in any case (RFC 9110, 11.1).
        let shown = header
            .as_bytes()
            .split_at_checked(b"Bearer ".len())
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer "));
        match shown {
            None => Err(ServiceError::TokenRequired("is missing: the header has another scheme").into()),
            Some((_, shown)) if token.is(shown) => Ok(request),
            Some(_) => Err(ServiceError::TokenRequired("is wrong").into()),
        }
    }
}

fn read_certificates(
    what: &'static str,
    path: &Path,
) -> Result<(Vec<CertificateDer<'static>>, Vec<u8>), AccessError> {
    let pem = read(what, path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok((certificates, pem)),
        _ => Err(AccessError::NoCertificate { what, path: path.to_owned() }),
    }
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, AccessError> {
    fs::read(path).map_err(|source| AccessError::Unreadable { what, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn guard() -> Guard {
        Guard(Some(Token::new(TOKEN, "a test").unwrap()))
    }

    fn call(header: Option<&[u8]>) -> Result<(), String> {
        let mut request = Request::new(());
        if let Some(header) = header {
            let value = tonic::metadata::MetadataValue::try_from(header).unwrap();
            request.metadata_mut().insert("authorization", value);
        }
        guard().call(request).map(drop).map_err(|status| status.message().to_owned())
    }

    #[test]
    fn only_the_token_opens() {
        assert_eq!(call(Some(b"Bearer 0123456789abcdef")), Ok(()));
        assert_eq!(call(Some(b"bearer 0123456789abcdef")), Ok(()));
        for (header, expected) in [
            (None, "is missing"),
            (Some(&b""[..]), "is missing"),
            (Some(b"Bearer"), "is missing"),
            (Some(b"Basic 0123456789abcdef"), "is missing"),
            (Some(b"Bearer "), "is wrong"),
            (Some(b"Bearer 0123456789abcde"), "is wrong"),
            (Some(b"Bearer 0123456789abcdef0"), "is wrong"),
            (Some(b"Bearer 0123456789abcdeF"), "is wrong"),
            (Some(b"Bearer \xff\xfe"), "is wrong"),
        ] {
            let refused = call(header).unwrap_err();
            assert!(refused.contains(expected), "{header:?}: {refused}");
            assert!(!refused.contains(TOKEN));
        }
        assert!(Guard(None).call(Request::new(())).is_ok());
    }

    #[test]
    fn secrets_are_not_printed() {
        assert!(!format!("{:?}", guard()).contains("0123"));
        let access = Access { token: guard().0, ..Default::default() };
        assert!(!format!("{access:?}").contains("0123"));
    }

    #[test]
    fn tokens_are_checked() {
        for (token, expected) in [
            ("", "is empty"),
            ("short", "has 5 characters"),
            ("0123456789 abcdef", "has spaces"),
            ("0123456789äbcdef", "beyond ASCII"),
            (&"x".repeat(LONGEST_TOKEN + 1), "has 1025 characters"),
        ] {
            let refused = Token::new(token, "TOKEN_FILE").unwrap_err().to_string();
            assert!(refused.contains("TOKEN_FILE") && refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn beyond_the_machine_both_are_asked_for() {
        let token = guard().0;
        let open: SocketAddr = "0.0.0.0:1".parse().unwrap();
        let local = ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1"];
        let none = Access::default();
        assert!(local.iter().all(|address| none.check_exposure(address.parse().unwrap()).is_ok()));
        for beyond in [open, "192.0.2.1:1".parse().unwrap(), "[::]:1".parse().unwrap()] {
            let refused = none.check_exposure(beyond).unwrap_err();
            assert!(matches!(refused, AccessError::Exposed { missing: Missing::TlsAndToken, .. }));
        }
        let token_only = Access { token: token.clone(), ..Default::default() };
        let refused = token_only.check_exposure(open).unwrap_err();
        assert!(matches!(refused, AccessError::Exposed { missing: Missing::Tls, .. }));
        let tls = Some(Tls(ServerTlsConfig::new()));
        let tls_only = Access { tls: tls.clone(), ..Default::default() };
        let refused = tls_only.check_exposure(open).unwrap_err();
        assert!(matches!(refused, AccessError::Exposed { missing: Missing::Token, .. }));
        assert!(Access { tls, token, ..Default::default() }.check_exposure(open).is_ok());
        assert!(Access { exposure: Exposure::Insecure, ..Default::default() }.check_exposure(open).is_ok());
    }
}
