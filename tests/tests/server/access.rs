//! Who is served: encryption, certificates of clients, tokens, and what a server refuses to start with.

use std::{fs, net::SocketAddr, path::Path};

use magister_proto::v1::{self, ErrorReason, teacher_service_client::TeacherServiceClient};
use magister_service::{Access, AccessError, Exposure, Server, ServerError, ServerSettings, Tls, Token};
use magister_tests::{Certificates, Refusal, Signed, TestServer};
use tonic::{
    Code, Request, Status,
    metadata::MetadataValue,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::{v1 as reflection, v1alpha as reflection_alpha};

const TOKEN: &str = "a-token-of-32-characters-or-more";

fn token() -> Option<Token> {
    Some(Token::new(TOKEN, "a test").unwrap())
}

fn with_header<T>(message: T, header: Option<&'static str>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(header) = header {
        request.metadata_mut().insert("authorization", MetadataValue::from_static(header));
    }
    request
}

async fn list(
    channel: Channel,
    header: Option<&'static str>,
) -> Result<v1::ListCurriculaResponse, Box<Status>> {
    let request = with_header(v1::ListCurriculaRequest::default(), header);
    Ok(TeacherServiceClient::new(channel).list_curricula(request).await?.into_inner())
}

/// A client's side of TLS.
fn trusting(authority: &Path) -> ClientTlsConfig {
    ClientTlsConfig::new().ca_certificate(Certificate::from_pem(fs::read(authority).unwrap()))
}

fn as_client(config: ClientTlsConfig, signed: &Signed) -> ClientTlsConfig {
    let (certificate, key) = (fs::read(&signed.certificate).unwrap(), fs::read(&signed.key).unwrap());
    config.identity(Identity::from_pem(certificate, key))
}

/// Whether a client with this side of TLS is served.
async fn is_served(server: &TestServer, config: ClientTlsConfig) -> bool {
    let endpoint = Endpoint::from_shared(server.uri()).unwrap().tls_config(config).unwrap();
    match endpoint.connect().await {
        Ok(channel) => list(channel, None).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test]
async fn without_the_token_nothing_but_health_is_answered() {
    let server = TestServer::start_with(Access { token: token(), ..Default::default() }).await;
    let channel = Endpoint::from_shared(server.uri()).unwrap().connect().await.unwrap();
    for header in [None, Some("Bearer wrong-but-of-the-right-length-.."), Some("Basic Zm9vOmJhcg==")] {
        let unary = list(channel.clone(), header).await.unwrap_err();
        let open = tokio_stream::once(v1::TeachRequest::default());
        let stream =
            TeacherServiceClient::new(channel.clone()).teach(with_header(open, header)).await.unwrap_err();
        let watch = with_header(v1::WatchDistributionRequest::default(), header);
        let watch = TeacherServiceClient::new(channel.clone()).watch_distribution(watch).await.unwrap_err();
        let question = tokio_stream::once(reflection::ServerReflectionRequest::default());
        let v1 = reflection::server_reflection_client::ServerReflectionClient::new(channel.clone())
            .server_reflection_info(with_header(question, header))
            .await
            .unwrap_err();
        let question = tokio_stream::once(reflection_alpha::ServerReflectionRequest::default());
        let v1alpha =
            reflection_alpha::server_reflection_client::ServerReflectionClient::new(channel.clone())
                .server_reflection_info(with_header(question, header))
                .await
                .unwrap_err();
        for refused in [&*unary, &stream, &watch, &v1, &v1alpha] {
            assert_eq!(refused.code(), Code::Unauthenticated);
            assert_eq!(Refusal::of(refused).reason, ErrorReason::TokenRequired);
            assert!(!format!("{refused:?}").contains(TOKEN));
        }
    }
    let health = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(health.into_inner().status, 1);

    let header = Some("Bearer a-token-of-32-characters-or-more");
    assert!(list(channel.clone(), header).await.unwrap().curricula.is_empty());
    let open = tokio_stream::once(v1::TeachRequest::default());
    let mut answers = TeacherServiceClient::new(channel.clone())
        .teach(with_header(open, header))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(answers.message().await.unwrap_err().code(), Code::InvalidArgument);
    let question = reflection::ServerReflectionRequest {
        message_request: Some(reflection::server_reflection_request::MessageRequest::ListServices(
            String::new(),
        )),
        ..Default::default()
    };
    let mut answers = reflection::server_reflection_client::ServerReflectionClient::new(channel)
        .server_reflection_info(with_header(tokio_stream::once(question), header))
        .await
        .unwrap()
        .into_inner();
    assert!(answers.message().await.unwrap().is_some());
}

#[tokio::test]
async fn connections_are_encrypted_and_both_ends_can_be_known() {
    let (ours, theirs) = (Certificates::authority(), Certificates::authority());
    let Signed { certificate, key } = ours.sign("server", "127.0.0.1");
    let tls = Some(Tls::read(&certificate, &key, None).unwrap());
    let server = TestServer::start_with(Access { tls, ..Default::default() }).await;
    assert!(is_served(&server, trusting(&ours.authority_file())).await);
    assert!(!is_served(&server, trusting(&theirs.authority_file())).await);
    assert!(!is_served(&server, trusting(&ours.authority_file()).domain_name("elsewhere.example")).await);
    let plain = Endpoint::from_shared(format!("http://{}", server.address())).unwrap().connect().await;
    if let Ok(channel) = plain {
        list(channel, None).await.unwrap_err();
    }

    let authority = ours.authority_file();
    let tls = Some(Tls::read(&certificate, &key, Some(&authority)).unwrap());
    let server = TestServer::start_with(Access { tls, ..Default::default() }).await;
    let known = ours.sign("client", "client.example");
    let unknown = theirs.sign("client", "client.example");
    assert!(is_served(&server, as_client(trusting(&authority), &known)).await);
    assert!(!is_served(&server, as_client(trusting(&authority), &unknown)).await);
    assert!(!is_served(&server, trusting(&authority)).await);
}

#[test]
fn files_that_cannot_be_used_are_named_with_what_to_mend() {
    let certificates = Certificates::authority();
    let good = certificates.sign("good", "127.0.0.1");
    let other = certificates.sign("other", "127.0.0.1");
    let authority = certificates.authority_file();
    let empty = certificates.write("empty.pem", "");
    let cut = certificates.write("cut.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n");
    let damaged =
        certificates.write("damaged.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    let locked = certificates.write(
        "locked.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    let missing = certificates.folder().join("missing.pem");
    let read = |certificate: &Path, key: &Path, client: Option<&Path>| {
        Tls::read(certificate, key, client).unwrap_err().to_string()
    };
    for (said, path, expected) in [
        (read(&missing, &good.key, None), &missing, "cannot be read"),
        (read(&good.certificate, &missing, None), &missing, "cannot be read"),
        (read(&good.certificate, &good.key, Some(&missing)), &missing, "cannot be read"),
        (read(certificates.folder(), &good.key, None), &certificates.folder().to_owned(), "cannot be read"),
        (read(&empty, &good.key, None), &empty, "-----BEGIN CERTIFICATE-----"),
        (read(&cut, &good.key, None), &cut, "-----END CERTIFICATE-----"),
        (read(&good.key, &good.key, None), &good.key, "-----BEGIN CERTIFICATE-----"),
        (read(&damaged, &good.key, None), &damaged, "cannot be used"),
        (read(&good.certificate, &empty, None), &empty, "-----BEGIN PRIVATE KEY-----"),
        (read(&good.certificate, &good.certificate, None), &good.certificate, "-----BEGIN PRIVATE KEY-----"),
        (read(&good.certificate, &locked, None), &locked, "decrypted first"),
        (read(&good.certificate, &other.key, None), &other.key, "does not belong to"),
        (read(&good.certificate, &good.key, Some(&empty)), &empty, "authority for clients"),
        (read(&good.certificate, &good.key, Some(&damaged)), &damaged, "authority for clients"),
    ] {
        assert!(said.contains(&path.display().to_string()) && said.contains(expected), "{said}");
    }
    assert!(Tls::read(&good.certificate, &good.key, Some(&authority)).is_ok());

    let token = |content: &str| Token::read(&certificates.write("token", content));
    assert!(token(&format!("{TOKEN}\n")).is_ok());
    assert!(token(&format!("{TOKEN}\r\n")).is_ok());
    for (content, expected) in [
        ("", "is empty"),
        ("\n", "is empty"),
        ("short\n", "has 5 characters"),
        ("two words that are long enough\n", "spaces"),
    ] {
        let said = token(content).unwrap_err().to_string();
        assert!(said.contains(expected) && said.contains("openssl rand"), "{said}");
        assert!(content.trim().is_empty() || !said.contains(content.trim()), "the token is not told: {said}");
    }
    assert!(matches!(Token::read(&missing), Err(AccessError::Unreadable { .. })));
}

#[tokio::test]
async fn a_server_does_not_listen_beyond_its_machine_unguarded() {
    let certificates = Certificates::authority();
    let Signed { certificate, key } = certificates.sign("server", "127.0.0.1");
    let tls = Some(Tls::read(&certificate, &key, None).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let listen = SocketAddr::from(([0, 0, 0, 0], 0));
    let settings = |access| ServerSettings { listen, access, ..ServerSettings::local(&data) };
    for access in [
        Access::default(),
        Access { token: token(), ..Default::default() },
        Access { tls: tls.clone(), ..Default::default() },
    ] {
        let refused = Server::start(settings(access)).await;
        assert!(matches!(refused, Err(ServerError::Access(AccessError::Exposed { .. }))), "{refused:?}");
        assert!(!data.exists(), "a server that does not start leaves nothing");
    }
    for access in [
        Access { tls, token: token(), exposure: Exposure::Guarded },
        Access { exposure: Exposure::Insecure, ..Default::default() },
    ] {
        Server::start(settings(access)).await.unwrap().stop().await.unwrap();
    }
}
