//! Flags over variables over `magister.toml` over defaults.

use std::{fs, path::Path};

use serde_json::json;

use super::server::{Ran, Server, magister};

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("magister.toml"), text).unwrap();
}

#[test]
fn a_server_takes_its_settings_from_flags_variables_and_file_in_this_order() {
    let file = "[serve]\nlisten = \"127.0.0.1:0\"\ndata = \"of-file\"\nmax_curricula = 1\nlog = \"error\"\n";
    for (variable, flag, expected) in [
        (None, None, "of-file"),
        (Some("of-variable"), None, "of-variable"),
        (Some("of-variable"), Some("of-flag"), "of-flag"),
        (None, Some("of-flag"), "of-flag"),
    ] {
        let server = Server::start_with(|command, folder| {
            write(folder, file);
            command.arg("serve");
            variable.map(|variable| command.env("MAGISTER_DATA", variable));
            flag.map(|flag| command.args(["--data", flag]));
        });
        assert_eq!(server.announced[1], format!("curricula are kept in {expected}"));
        assert!(server.folder.path().join(expected).is_dir());
        server.create("first");
        let full = server.run(&["curriculum", "create", "second", "-d", "x=0:1", "--json"]).error(1);
        assert_eq!(full["reason"], "TOO_MANY_CURRICULA", "{full}");
    }
    // Over the same file, more curricula.
    let server = Server::start_with(|command, folder| {
        write(folder, file);
        command.args(["serve", "--max-curricula", "2"]);
    });
    server.create("first");
    server.create("second");
}

#[test]
fn a_file_elsewhere_names_its_own_folder() {
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("other.toml");
    fs::write(&path, "[serve]\nlisten = \"127.0.0.1:0\"\ndata = \"data\"\n").unwrap();
    for by_variable in [false, true] {
        let server = Server::start_with(|command, folder| {
            write(folder, "[serve]\ndata = \"not-this\"\n");
            command.arg("serve");
            match by_variable {
                true => command.env("MAGISTER_CONFIG", &path),
                false => command.arg("--config").arg(&path),
            };
        });
        let data = elsewhere.path().join("data");
        assert_eq!(server.announced[1], format!("curricula are kept in {}", data.display()));
        assert!(data.is_dir());
    }
}

#[test]
fn commands_find_the_server_by_flag_variable_and_file_in_this_order() {
    let right = Server::start();
    right.create("walker");
    // What is not to be asked is nobody's address: to ask it would fail.
    let wrong = "127.0.0.1:1";
    for (file, variable, flag) in [
        (Some(right.address.as_str()), None, None),
        (Some(wrong), Some(right.address.as_str()), None),
        (Some(wrong), Some(wrong), Some(right.address.as_str())),
        (None, Some(wrong), Some(right.address.as_str())),
    ] {
        let folder = tempfile::tempdir().unwrap();
        if let Some(file) = file {
            write(folder.path(), &format!("[client]\nserver = \"{file}\"\n"));
        }
        let mut command = magister(folder.path());
        command.args(["curriculum", "list", "--json"]);
        variable.map(|variable| command.env("MAGISTER_SERVER", variable));
        flag.map(|flag| command.args(["--server", flag]));
        assert_eq!(Ran::of(&mut command).json()["curricula"][0]["id"], json!("walker"));
    }
}

#[test]
fn a_file_with_mistakes_says_which() {
    for (text, expected) in [
        ("[serve]\nlisen = \"127.0.0.1:0\"\n", &["unknown field `lisen`", "did you mean \"listen\"?"][..]),
        ("[server]\nlisten = \"127.0.0.1:0\"\n", &["unknown field `server`", "did you mean \"serve\"?"]),
        ("[client]\nserverr = \"x\"\n", &["did you mean \"server\"?"]),
        ("[serve]\nlisten = 7\n", &["line 2", "listen = 7"]),
        ("[serve]\nlisten = \"here\"\n", &["invalid socket address"]),
        ("[serve\n", &["magister.toml: TOML parse error at line 1"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), text);
        for arguments in [&["serve"][..], &["curriculum", "list"], &["inspect", "walker"]] {
            let stderr = Ran::of(magister(folder.path()).args(arguments)).failed(2);
            for expected in expected {
                assert!(stderr.contains(expected), "{arguments:?} with {text:?}: {stderr}");
            }
        }
        let error = Ran::of(magister(folder.path()).args(["curriculum", "list", "--json"])).error(2);
        assert_eq!(error["reason"], "USAGE");
        // What reads no settings does not mind.
        Ran::of(magister(folder.path()).args(["completions", "bash"])).done();
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = Ran::of(magister(folder.path()).args(["serve", "--config", "nothing.toml"])).failed(2);
    assert!(missing.contains("nothing.toml cannot be read"), "{missing}");
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let serve = |arguments: &[&str]| {
        Ran::of(magister(folder.path()).args(["serve", "--data", "data"]).args(arguments))
    };
    let exposed = serve(&["--listen", "0.0.0.0:0"]).failed(2);
    assert!(exposed.contains("--insecure"), "{exposed}");
    let taken = serve(&["--listen", &server.address]).failed(1);
    assert!(taken.contains(&format!("cannot listen at {}", server.address)), "{taken}");
    let log = serve(&["--log", "loud=very=much"]).failed(2);
    assert!(log.contains("loud=very=much"), "{log}");
    let listen = serve(&["--listen", "here"]).failed(2);
    assert!(listen.contains("invalid socket address"), "{listen}");
}
