//! `magister serve` with a certificate and a token, and a student who has them.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use super::binary;
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
        let mut command = binary();
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

        // The other commands, with and without what they have to show.
        let list = |variables: &[(&str, &str)]| {
            let mut command = binary();
            command
                .args(["curriculum", "list", "--json", "--server", &address])
                .current_dir(certificates.folder());
            let output = command.envs(variables.iter().copied()).output().unwrap();
            (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
        };
        let authority = certificates.authority_file().display().to_string();
        let ca = ("MAGISTER_CA_CERTIFICATE", authority.as_str());
        let done = (Some(0), "{\"curricula\":[]}\n".to_owned());
        assert_eq!(list(&[ca, ("MAGISTER_TOKEN", TOKEN)]), done);
        assert_eq!(list(&[ca, ("MAGISTER_TOKEN_FILE", &token.display().to_string())]), done);
        for (variables, code, expected) in [
            (&[ca][..], 1, "\"hint\":\"give it with --token-file, or in the variable MAGISTER_TOKEN\""),
            (&[ca, ("MAGISTER_TOKEN", "another-token-of-32-characters!!")], 1, "TOKEN_REQUIRED"),
            (&[("MAGISTER_TOKEN", TOKEN)], 1, "--ca-certificate gives the authority's certificate"),
            (&[("MAGISTER_CA_CERTIFICATE", "/no/such/file")], 2, "/no/such/file cannot be read"),
            (&[("MAGISTER_CLIENT_KEY", "key")], 2, "give --client-certificate and --client-key"),
            (&[("MAGISTER_TOKEN", "a"), ("MAGISTER_TOKEN_FILE", "b")], 2, "there are two tokens"),
        ] {
            let (found, told) = list(variables);
            assert!(found == Some(code) && told.contains(expected), "{variables:?}: {found:?} {told}");
        }
        let file = format!(
            "[client]\nserver = {address:?}\nca_certificate = {authority:?}\ntoken_file = \"token\"\n"
        );
        certificates.write("magister.toml", &file);
        assert_eq!(list(&[]), done);
        fs::remove_file(certificates.folder().join("magister.toml")).unwrap();

        served.0.kill().unwrap();
        let log = fs::read_to_string(log).unwrap();
        assert!(log.contains("TRACE") && !log.contains(TOKEN), "the log of everything holds no token");
    }
}

#[test]
fn a_server_can_end_with_whoever_holds_its_input() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = binary();
    command.args(["serve", "--until-stdin-ends", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let mut served =
        Served(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(served.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("magister listens at "), "{line}");
    assert_eq!(served.0.try_wait().unwrap(), None);
    drop(served.0.stdin.take());
    assert!(served.0.wait().unwrap().success());
}
