//! Who may open the page, and from where: a token in a cookie, checked hosts, checked origins.
//!
//! A browser sends a page's cookies, and reaches the loopback, on behalf of any page that it shows. So three things are
//! asked for: the token; a `Host` that names this machine, or another page's name could be pointed at it (DNS rebinding); and an
//! `Origin` that is this very page for whatever is not just shown.

use std::{
    fs, io,
    io::Write,
    net::{IpAddr, SocketAddr},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use http::{
    HeaderMap, HeaderValue, Method,
    header::{AUTHORIZATION, COOKIE, HOST, ORIGIN},
};

use crate::access::{Access, AccessError, Token};

/// The file in the data folder that keeps the token, so that an open page outlives a restart.
const TOKEN_FILE: &str = "dashboard-token";
/// Random bytes of a token.
const TOKEN_BYTES: usize = 24;
/// How long a browser keeps the cookie: 30 days.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;

/// Why the page's token cannot be had. Mend the folder's permissions, or delete the file.
#[derive(Debug, thiserror::Error)]
pub enum DashboardTokenError {
    /// It cannot be read or written.
    #[error("cannot keep the dashboard's token in {}: {source}", path.display())]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The system gives no random bytes.
    #[error("cannot make a token for the dashboard: {0}")]
    Random(getrandom::Error),
    /// Somebody wrote something else into its file: delete it, and another is made.
    #[error("{0}; delete the file, and the server makes another")]
    Damaged(AccessError),
}

/// What opens the page.
#[derive(Clone, Debug)]
pub(super) struct Session {
    token: Token,
    /// The token that every call of a client shows, if there is one: it opens the page too.
    access_token: Option<Token>,
    listen: SocketAddr,
    encrypted: Encrypted,
}

/// Whether connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encrypted {
    Yes,
    No,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    /// Another name than this machine's.
    #[error("this server does not answer to the host {0:?}: open the address that `magister serve` printed")]
    Host(String),
    /// Another page.
    #[error("the request comes from another page ({0}): only the dashboard's own pages may send it")]
    Origin(String),
    /// No token, or a wrong one.
    #[error("no valid token was shown: open the address that `magister serve` printed")]
    Token,
}

impl Session {
    pub(super) fn new(token: Token, access: &Access, listen: SocketAddr) -> Self {
        Self {
            token,
            access_token: access.token.clone(),
            listen,
            encrypted: if access.tls.is_some() { Encrypted::Yes } else { Encrypted::No },
        }
    }

    /// Where to open the page, with the token.
    pub(super) fn url(&self) -> String {
        let scheme = if self.encrypted == Encrypted::Yes { "https" } else { "http" };
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            // Nobody can go to "any address"; from here, this one leads to it.
            let loopback = if address.is_ipv4() {
                [127, 0, 0, 1].into()
            } else {
                IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1_u16])
            };
            address.set_ip(loopback);
        }
        format!("{scheme}://{address}/?token={}", self.token.reveal())
    }

    /// Checks the host that a request was sent to.
    pub(super) fn check_host(&self, headers: &HeaderMap, authority: Option<&str>) -> Result<(), Refusal> {
        // Beyond this machine it goes by names that it does not know; cookies are bound to them.
        if !self.listen.ip().to_canonical().is_loopback() {
            return Ok(());
        }
        let host = host(headers, authority).ok_or_else(|| Refusal::Host(String::new()))?;
        let name = name_of(host);
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let is_local = address.is_ok_and(|address| address.to_canonical().is_loopback());
        match is_local || name.eq_ignore_ascii_case("localhost") {
            true => Ok(()),
            false => Err(Refusal::Host(host.to_owned())),
        }
    }

    /// Checks that a request may be answered: its host, where it comes from, its token.
    pub(super) fn check(
        &self,
        method: &Method,
        headers: &HeaderMap,
        authority: Option<&str>,
    ) -> Result<(), Refusal> {
        self.check_host(headers, authority)?;
        let origin = headers.get(ORIGIN);
        if let Some(origin) = origin {
            let own = host(headers, authority).is_some_and(|host| is_at(origin, host));
            if !own {
                return Err(Refusal::Origin(String::from_utf8_lossy(origin.as_bytes()).into_owned()));
            }
        }
        if self.shows_bearer(headers) {
            return Ok(());
        }
        if !self.shows_cookie(headers) {
            return Err(Refusal::Token);
        }
        // With a cookie it is a browser's, and browsers say where such a request comes from.
        if origin.is_none() && method != Method::GET {
            return Err(Refusal::Origin("which it does not name".to_owned()));
        }
        Ok(())
    }

    /// Whether this is the token.
    pub(super) fn opens(&self, shown: &[u8]) -> bool {
        let access = self.access_token.as_ref().is_some_and(|token| token.is(shown));
        self.token.is(shown) || access
    }

    /// The header that has a browser keep the token.
    pub(super) fn set_cookie(&self) -> HeaderValue {
        let secure = if self.encrypted == Encrypted::Yes { "; Secure" } else { "" };
        let cookie = format!(
            "{}={}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Strict{secure}",
            self.cookie_name(),
            self.token.reveal()
        );
        HeaderValue::try_from(cookie).expect("tokens are graphic ASCII")
    }

    fn shows_bearer(&self, headers: &HeaderMap) -> bool {
        let header = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
        let shown = header.split_at_checked(b"Bearer ".len());
        shown.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case(b"Bearer ") && self.opens(token))
    }

    fn shows_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie_name();
        headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .filter_map(|cookie| cookie.trim().split_once('='))
            .any(|(key, value)| key == name && self.token.is(value.as_bytes()))
    }

    /// Cookies know no ports: each server has a name of its own.
    fn cookie_name(&self) -> String {
        format!("magister_{}", self.listen.port())
    }
}

/// The token that the data folder keeps, made if there is none.
pub(crate) fn token(data: &Path) -> Result<Token, DashboardTokenError> {
    let path = data.join(TOKEN_FILE);
    let unusable = |source| DashboardTokenError::Unusable { path: path.clone(), source };
    match fs::read(&path) {
        Ok(_) => return Token::read(&path).map_err(DashboardTokenError::Damaged),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(error)),
    }
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).map_err(DashboardTokenError::Random)?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    // Under its name it is whole, or not there.
    let part = data.join(format!("{TOKEN_FILE}.part"));
    let written = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&part)
        .and_then(|mut file| writeln!(file, "{text}"))
        .and_then(|()| fs::rename(&part, &path));
    written.map_err(unusable)?;
    Token::read(&path).map_err(DashboardTokenError::Damaged)
}

/// Host and port that a request was sent to: a header of HTTP/1, or HTTP/2's authority.
fn host<'a>(headers: &'a HeaderMap, authority: Option<&'a str>) -> Option<&'a str> {
    headers.get(HOST).and_then(|host| host.to_str().ok()).or(authority)
}

/// The host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether an origin is a page at this host and port.
fn is_at(origin: &HeaderValue, host: &str) -> bool {
    let origin = origin.to_str().unwrap_or_default();
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";
    const COOKIE_HEADER: (&str, &str) = ("cookie", "a=b; magister_7777=0123456789abcdef");

    fn session(listen: &str) -> Session {
        let token = Token::new(TOKEN, "a test").unwrap();
        let other = Some(Token::new("fedcba9876543210", "a test").unwrap());
        Session::new(token, &Access { token: other, ..Default::default() }, listen.parse().unwrap())
    }

    fn check(listen: &str, method: Method, headers: &[(&'static str, &'static str)]) -> Result<(), Refusal> {
        let headers: HeaderMap = headers
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        session(listen).check(&method, &headers, None)
    }

    #[test]
    fn only_its_own_page_with_the_token_is_answered() {
        let local = "127.0.0.1:7777";
        let host = ("host", "127.0.0.1:7777");
        let origin = ("origin", "http://127.0.0.1:7777");
        let token = Err(Refusal::Token);
        let foreign = |origin: &str| Err(Refusal::Origin(origin.to_owned()));
        let of_host = |host: &str| Err(Refusal::Host(host.to_owned()));
        let bearer = ("authorization", "Bearer 0123456789abcdef");
        for (method, headers, expected) in [
            (Method::GET, vec![host, COOKIE_HEADER], Ok(())),
            (Method::POST, vec![host, origin, COOKIE_HEADER], Ok(())),
            (
                Method::POST,
                vec![("host", "localhost:1"), ("origin", "http://localhost:1"), COOKIE_HEADER],
                Ok(()),
            ),
            (Method::POST, vec![("host", "[::1]:1"), ("origin", "http://[::1]:1"), COOKIE_HEADER], Ok(())),
            (Method::POST, vec![host, bearer], Ok(())),
            (Method::POST, vec![host, ("authorization", "bearer fedcba9876543210")], Ok(())),
            (Method::POST, vec![host, COOKIE_HEADER], foreign("which it does not name")),
            (Method::GET, vec![host], token.clone()),
            (Method::GET, vec![host, ("cookie", "magister_7778=0123456789abcdef")], token.clone()),
            (Method::GET, vec![host, ("cookie", "magister_7777=0123456789abcdeF")], token.clone()),
            (Method::GET, vec![host, ("authorization", "Basic 0123456789abcdef")], token),
            (
                Method::POST,
                vec![host, ("origin", "http://evil.example"), COOKIE_HEADER],
                foreign("http://evil.example"),
            ),
            (
                Method::GET,
                vec![host, ("origin", "http://evil.example"), bearer],
                foreign("http://evil.example"),
            ),
            (Method::POST, vec![host, ("origin", "null"), COOKIE_HEADER], foreign("null")),
            (
                Method::POST,
                vec![host, ("origin", "http://127.0.0.1:8888"), COOKIE_HEADER],
                foreign("http://127.0.0.1:8888"),
            ),
            (Method::GET, vec![("host", "evil.example:7777"), COOKIE_HEADER], of_host("evil.example:7777")),
            (
                Method::GET,
                vec![("host", "127.0.0.1.evil.example"), COOKIE_HEADER],
                of_host("127.0.0.1.evil.example"),
            ),
            (Method::GET, vec![COOKIE_HEADER], of_host("")),
        ] {
            assert_eq!(check(local, method.clone(), &headers), expected, "{method} {headers:?}");
        }
        let beyond = [("host", "lab.example"), ("origin", "https://lab.example"), COOKIE_HEADER];
        assert_eq!(check("0.0.0.0:7777", Method::POST, &beyond), Ok(()));
    }

    #[test]
    fn the_address_can_be_opened() {
        for (listen, expected) in [
            ("127.0.0.1:7777", "http://127.0.0.1:7777/?token=0123456789abcdef"),
            ("0.0.0.0:7777", "http://127.0.0.1:7777/?token=0123456789abcdef"),
            ("[::]:7777", "http://[::1]:7777/?token=0123456789abcdef"),
        ] {
            assert_eq!(session(listen).url(), expected);
        }
    }

    #[test]
    fn the_token_is_kept_and_kept_secret() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let made = token(folder.path()).unwrap();
        assert_eq!(token(folder.path()).unwrap().reveal(), made.reveal());
        assert_eq!(made.reveal().len(), 2 * TOKEN_BYTES);
        let path = folder.path().join(TOKEN_FILE);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::write(&path, "short").unwrap();
        let refused = token(folder.path()).unwrap_err().to_string();
        assert!(refused.contains("delete the file") && refused.contains("dashboard-token"), "{refused}");
    }
}
