//! What a first connect says that does not succeed: each cause is told apart, with what to check.

use std::{fs, net::SocketAddr, path::Path};

use magister_service::{Access, Tls, Token};
use magister_student::{Client, ConnectOptions, ConnectProblem, Error};
use magister_tests::{Certificates, Signed, TestServer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const TOKEN: &str = "a-token-of-32-characters-or-more";

fn options() -> ConnectOptions {
    ConnectOptions::default()
}

fn trusting(authority: &Path) -> ConnectOptions {
    options().ca_certificate(fs::read(authority).unwrap())
}

fn showing(options: ConnectOptions, signed: &Signed) -> ConnectOptions {
    options.client_certificate(fs::read(&signed.certificate).unwrap(), fs::read(&signed.key).unwrap())
}

async fn problem(address: &str, options: ConnectOptions) -> ConnectProblem {
    match Client::connect_with(address, options).await {
        Err(Error::Connect { problem, address: told }) => {
            assert_eq!(told, address);
            problem
        }
        other => panic!("{other:?}"),
    }
}

/// Something that listens and is no Magister: it answers whatever comes with these bytes, or not at all.
async fn stranger(answer: Option<&'static [u8]>) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(answer).await;
            } else {
                open.push(stream);
            }
        }
    });
    address
}

#[tokio::test]
async fn nobody_a_mute_and_a_stranger_are_told_apart() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for scheme in ["http", "https"] {
        let problem = problem(&format!("{scheme}://{address}"), options()).await;
        assert!(matches!(problem, ConnectProblem::NothingListens(_)), "{problem:?}");
        assert!(problem.to_string().contains("start one with `magister serve`"), "{problem}");
    }
    let mute = stranger(None).await;
    assert_eq!(problem(&mute.to_string(), options()).await, ConnectProblem::NoAnswer);
    let web = stranger(Some(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")).await;
    let web = problem(&web.to_string(), options()).await;
    assert!(matches!(web, ConnectProblem::NotMagister(_)), "{web:?}");
}

#[tokio::test]
async fn what_is_wrong_with_encryption_is_told() {
    let (ours, theirs) = (Certificates::authority(), Certificates::authority());
    let Signed { certificate, key } = ours.sign("server", "127.0.0.1");
    let authority = ours.authority_file();
    let tls = Some(Tls::read(&certificate, &key, None).unwrap());
    let server = TestServer::start_with(Access { tls, ..Default::default() }).await;
    Client::connect_with(server.uri(), trusting(&authority)).await.unwrap();
    // With an authority, an address without scheme is encrypted.
    Client::connect_with(server.address().to_string(), trusting(&authority)).await.unwrap();

    let plain = format!("http://{}", server.address());
    assert_eq!(problem(&plain, options()).await, ConnectProblem::ServerSpeaksTls);
    for untrusted in [options(), trusting(&theirs.authority_file())] {
        let problem = problem(&server.uri(), untrusted).await;
        assert!(matches!(problem, ConnectProblem::ServerCertificate(_)), "{problem:?}");
        assert!(problem.to_string().contains("UnknownIssuer"), "{problem}");
    }
    let other_name = format!("https://localhost:{}", server.address().port());
    let other_name = problem(&other_name, trusting(&authority)).await;
    assert!(matches!(&other_name, ConnectProblem::ServerCertificate(said) if said.contains("127.0.0.1")));

    let open = TestServer::start().await;
    let encrypted = format!("https://{}", open.address());
    assert_eq!(problem(&encrypted, trusting(&authority)).await, ConnectProblem::ServerSpeaksPlain);

    let tls = Some(Tls::read(&certificate, &key, Some(&authority)).unwrap());
    let mutual = TestServer::start_with(Access { tls, ..Default::default() }).await;
    let known = showing(trusting(&authority), &ours.sign("known", "client.example"));
    Client::connect_with(mutual.uri(), known).await.unwrap();
    let unknown = showing(trusting(&authority), &theirs.sign("unknown", "client.example"));
    for refused in [trusting(&authority), unknown] {
        let problem = problem(&mutual.uri(), refused).await;
        assert!(matches!(problem, ConnectProblem::ClientCertificate(_)), "{problem:?}");
    }
}

#[tokio::test]
async fn a_token_is_asked_for() {
    let token = Some(Token::new(TOKEN, "a test").unwrap());
    let server = TestServer::start_with(Access { token, ..Default::default() }).await;
    for (options, expected) in [
        (options(), "token is missing"),
        (options().token("another-of-32-characters-or-more"), "token is wrong"),
    ] {
        let problem = problem(&server.uri(), options).await;
        assert!(matches!(&problem, ConnectProblem::Token(said) if said.contains(expected)), "{problem:?}");
        assert!(problem.to_string().contains("ConnectOptions::token"), "{problem}");
    }
    let client = Client::connect_with(server.uri(), options().token(TOKEN)).await.unwrap();
    assert!(client.list().await.unwrap().is_empty());
    assert!(!format!("{client:?}").contains(TOKEN));
}
