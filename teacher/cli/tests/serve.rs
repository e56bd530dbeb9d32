//! `magister serve` with a certificate and a token, and a student who has them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use magister_student::{Client, ConnectOptions, ConnectProblem, Error};
use magister_tests::Certificates;

const TOKEN: &str = "a-token-of-32-characters-or-more";

/// A server that ends with the test.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_guarded_server_serves_those_who_have_its_token() {
    let certificates = Certificates::authority();
    let signed = certificates.sign("server", "127.0.0.1");
    let token = certificates.write("token", &format!("{TOKEN}\n"));
    let folder = certificates.folder().join("data");
    for beyond in [false, true] {
        let log = certificates.folder().join(format!("log-{beyond}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_magister"));
        command
            .args(["serve", "--log", "trace", "--listen", if beyond { "0.0.0.0:0" } else { "127.0.0.1:0" }])
            .arg("--data")
            .arg(folder.join(beyond.to_string()))
            .arg("--tls-certificate")
            .arg(&signed.certificate)
            .arg("--tls-key")
            .arg(&signed.key);
        match beyond {
            false => command.env("MAGISTER_TOKEN", TOKEN),
            true => command.arg("--token-file").arg(&token),
        };
        let mut served =
            Served(command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(served.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address =
            line.trim().strip_prefix("magister listens at ").unwrap().replace("0.0.0.0", "127.0.0.1");
        assert!(address.starts_with("https://127.0.0.1:"), "{line}");

        let options =
            ConnectOptions::default().ca_certificate(fs::read(certificates.authority_file()).unwrap());
        let refused = Client::connect_with(&address, options.clone()).await;
        assert!(
            matches!(refused, Err(Error::Connect { problem: ConnectProblem::Token(_), .. })),
            "{refused:?}"
        );
        let client = Client::connect_with(&address, options.token(TOKEN)).await.unwrap();
        assert!(client.list().await.unwrap().is_empty());

        served.0.kill().unwrap();
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains("TRACE") && !log.contains(TOKEN), "the log of everything holds no token");
    }
}
