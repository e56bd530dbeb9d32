//! `magister curriculum`.

use std::{fs, process::Stdio};

use serde_json::{Value, json};

use super::server::{Ran, Server, magister};

#[test]
fn a_curriculum_is_made_shown_listed_and_deleted() {
    let server = Server::start();
    let empty = server.run(&["curriculum", "list"]).done();
    assert!(empty.contains("no curriculum yet") && empty.contains("magister curriculum create"), "{empty}");
    assert_eq!(server.run(&["curriculum", "list", "--json"]).json(), json!({ "curricula": [] }));

    let made = server
        .run(&[
            "curriculum",
            "create",
            "walker",
            "--dimension",
            "stump_height=0:3",
            "-d",
            "poly_shape[12]=0:4",
            "-d",
            "rate=log:1e-5:0.1",
            "-d",
            "n=int:-1:5",
            "--display-name",
            "Stump tracks",
            "--seed",
            "7",
            "--return-range",
            "-150:350",
            "--mastery-threshold",
            "-1.5",
            "--lease",
            "1h 30m",
            "--max-open-tasks",
            "9",
            "--max-staleness-episodes",
            "100",
            "--test-tasks",
            "3",
            "--criterion",
            "bic",
            "--bootstrap-episodes",
            "300",
        ])
        .done();
    for expected in [
        "Made walker.",
        "walker: Stump tracks",
        "  state         active, made 20",
        "  seed          7 (algorithm version ",
        "  returns       scaled from [-150, 350]",
        "  mastery       return > -1.5",
        "  test set      3 tasks",
        "  lease         1h 30m",
        "  may be open   9 tasks a student",
        "  late reports  refused after 100 episodes",
        "  criterion           BIC",
        "  bootstrap           300 episodes, uniform",
        "  stump_height  continuous     0     3",
        "  poly_shape    continuous     0     4        12",
        "  rate          log-scaled  1e-5   0.1",
        "  n             integer       -1     5",
    ] {
        assert!(made.contains(expected), "{expected:?} is missing in:\n{made}");
    }
    let shown = server.run(&["curriculum", "show", "walker"]).done();
    assert_eq!(format!("Made walker.\n\n{shown}"), made);

    let shown = server.run(&["curriculum", "show", "walker", "--json"]).json();
    for (field, expected) in [
        ("id", json!("walker")),
        ("display_name", json!("Stump tracks")),
        ("seed", json!(7)),
        ("return_range", json!({ "low": -150.0, "high": 350.0 })),
        ("mastery_threshold", json!(-1.5)),
        ("lease_seconds", json!(5400.0)),
        ("max_open_tasks", json!(9)),
        ("max_staleness_episodes", json!(100)),
        ("paused", json!(false)),
        ("episodes", json!(0)),
        ("forked_from", Value::Null),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    assert_eq!(shown["dimensions"][1]["size"], 12);
    assert_eq!(shown["teacher"]["algorithm"], "alp_gmm");
    assert_eq!(shown["teacher"]["criterion"], "bic");
    assert_eq!(shown["test_set"]["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(server.run(&["curriculum", "list", "--json"]).json()["curricula"], json!([shown]));

    server.create_with("a", &["-d", "x=0:1", "--teacher", "random"]);
    let listed = server.run(&["curriculum", "list"]).done();
    let lines: Vec<&str> = listed.lines().collect();
    assert!(lines[0].starts_with("  name    state   episodes  open tasks  fits  made"), "{listed}");
    assert!(lines[1].starts_with("  a       active         0           0     0  20"), "{listed}");
    assert!(lines[2].ends_with(" UTC  Stump tracks"), "{listed}");

    let refused = server.run(&["curriculum", "delete", "walker"]).failed(2);
    assert!(refused.contains("add --yes"), "{refused}");
    let deleted = server.run(&["curriculum", "delete", "walker", "--yes"]).done();
    assert_eq!(deleted, "Deleted walker with 0 episodes and 0 fits.\n");
    let deleted = server.run(&["curriculum", "delete", "a", "--yes", "--json"]).json();
    assert_eq!(deleted, json!({ "deleted": "a" }));
    assert_eq!(server.run(&["curriculum", "list", "--json"]).json(), json!({ "curricula": [] }));
}

#[test]
fn what_show_prints_makes_the_same_curriculum_again() {
    let server = Server::start();
    server.create_with(
        "one",
        &[
            "-d",
            "x=0:1",
            "-d",
            "n=int:1:5",
            "-d",
            "v[2]=log:0.5:2",
            "--seed",
            "18446744073709551615",
            "--return-range",
            "0:1",
            "--lease",
            "90s",
            "--test-tasks",
            "2",
            "--alp-scope",
            "student",
            "--engine",
            "linfa",
            "--history-limit",
            "1000",
            "--regularisation",
            "1e-5",
            "--em-initialisations",
            "2",
        ],
    );
    let one = server.run(&["curriculum", "show", "one", "--json"]);
    fs::write(server.folder.path().join("one.json"), &one.stdout).unwrap();
    let one = one.json();
    let mut two = server.run(&["curriculum", "create", "two", "--file", "one.json", "--json"]).json();
    assert_eq!(two["id"], "two");
    two["id"] = json!("one");
    two["create_time"] = one["create_time"].clone();
    assert_eq!(two, one);
    // Flags win over the file.
    let arguments = ["curriculum", "create", "three", "--file", "one.json", "--seed", "1", "-d", "y=0:2"];
    let refused = server.run(&[&arguments[..], &["--json"]].concat()).error(1);
    assert_eq!(refused["reason"], "INVALID_TASK", "the test set is of the other space: {refused}");
    server.run(&[&arguments[..], &["--test-tasks", "1"]].concat()).done();
    let three = server.run(&["curriculum", "show", "three", "--json"]).json();
    assert_eq!((&three["seed"], &three["dimensions"][0]["name"]), (&json!(1), &json!("y")));
    assert_eq!(three["teacher"], one["teacher"]);
}

#[test]
fn a_curriculum_is_made_from_toml_and_a_test_set_from_a_file() {
    let server = Server::start();
    let file = |name: &str, text: &str| fs::write(server.folder.path().join(name), text).unwrap();
    file(
        "spec.toml",
        "id = \"walker\"\nseed = 5\nreturn_range = { low = -150, high = 350 }\nlease_seconds = 60\n\n\
         [teacher]\nalgorithm = \"alp_gmm\"\nfit_rate = 30\nrandom_task_ratio = 0\n\n\
         [[dimensions]]\nname = \"height\"\nkind = \"continuous\"\nlow = 0\nhigh = 3\n\n\
         [[dimensions]]\nname = \"steps\"\nkind = \"integer\"\nlow = 1\nhigh = 9\nsize = 2\n",
    );
    file("tests.json", r#"[{"height": 1, "steps": [1, 2]}, {"height": 0.5, "steps": [9, 9]}]"#);
    file("tests.toml", "[[tasks]]\nheight = 1\nsteps = [1, 2]\n\n[[tasks]]\nheight = 0.5\nsteps = [9, 9]\n");
    for (name, tests) in [("walker", "tests.json"), ("other", "tests.toml")] {
        let made = server
            .run(&["curriculum", "create", name, "--file", "spec.toml", "--test-set", tests, "--json"])
            .json();
        assert_eq!(made["seed"], 5);
        assert_eq!(made["teacher"]["fit_rate"], 30);
        assert_eq!(made["lease_seconds"], 60.0);
        let expected = json!([{"height": 1.0, "steps": [1, 2]}, {"height": 0.5, "steps": [9, 9]}]);
        assert_eq!(made["test_set"]["tasks"], expected, "{tests}");
    }
    // The name of the file's curriculum is taken.
    let exists = server.run(&["curriculum", "create", "--file", "spec.toml"]).failed(1);
    assert!(exists.contains("magister curriculum show walker"), "{exists}");
}

#[test]
fn mistakes_say_what_to_mend_and_make_nothing() {
    let server = Server::start();
    let file = |name: &str, text: &str| fs::write(server.folder.path().join(name), text).unwrap();
    file("field.toml", "id = \"a\"\nsede = 1\n");
    file("kind.json", r#"{"dimensions": [{"name": "x", "kind": "continous", "low": 0, "high": 1}]}"#);
    file(
        "random.toml",
        "[teacher]\nalgorithm = \"random\"\n[[dimensions]]\nname = \"x\"\nkind = \"continuous\"\nlow = 0\nhigh = 1\n",
    );
    file(
        "lease.toml",
        "lease_seconds = -1\n[[dimensions]]\nname = \"x\"\nkind = \"continuous\"\nlow = 0\nhigh = 1\n",
    );
    file("broken.json", "{");
    let x = ["-d", "x=0:1"];
    for (arguments, code, expected) in [
        (&[][..], 2, "has no name"),
        (&["a"], 2, "the task space is empty\nadd dimensions such as --dimension stump_height=0:3"),
        (&["a", "-d", "x"], 2, "there is no =; write NAME=LOW:HIGH"),
        (&["a", "-d", "x=1:0"], 1, "dimensions[0].continuous.high"),
        (&["a", "-d", "kind=a,b"], 1, "categorical dimension"),
        (&["-a", "-d", "x=0:1"], 2, "unexpected argument '-a'"),
        (&["a/b", "-d", "x=0:1"], 1, "may hold only a-z, A-Z, 0-9, -, _ and ."),
        (&["a", x[0], x[1], "--return-range", "350"], 2, "write LOW:HIGH, such as -150:350"),
        (&["a", x[0], x[1], "--return-range", "3:1"], 1, "return_range"),
        (&["a", x[0], x[1], "--lease", "soon"], 2, "write 90s, 45m or 1h 30m"),
        (&["a", x[0], x[1], "--lease", "10ms"], 1, "must lie between 1 s and 30 days"),
        (&["a", x[0], x[1], "--teacher", "random", "--fit-rate", "3"], 2, "the teacher is random"),
        (
            &["a", x[0], x[1], "--teacher", "ada"],
            2,
            "possible values: alp-gmm, covar-gmm, riac, oracle, currot, random",
        ),
        (&["a", x[0], x[1], "--teacher", "riac", "--fit-rate", "3"], 2, "the teacher is riac"),
        (&["a", x[0], x[1], "--window-step", "0.1", "--fit-rate", "3"], 2, "the teacher is alp-gmm"),
        (&["a", x[0], x[1], "--teacher", "riac", "--window-step=-0.1"], 2, "parameters of the Oracle"),
        (
            &["a", x[0], x[1], "--teacher", "oracle"],
            1,
            "window_step: has 0 numbers; it must have one for each of the 1 axes",
        ),
        (
            &["a", x[0], x[1], "--teacher", "covar-gmm", "--history-limit", "9"],
            1,
            "history_limit: is ALP-GMM's",
        ),
        (&["a", x[0], x[1], "--fit-rate", "1"], 1, "fit_rate"),
        (&["a", x[0], x[1], "--test-tasks", "3", "--test-set", "f"], 2, "cannot be used with"),
        (&["a", x[0], x[1], "--test-set", "nothing.json"], 2, "nothing.json cannot be read"),
        (&["a", "--file", "nothing.toml"], 2, "nothing.toml cannot be read"),
        (&["a", "--file", "field.toml"], 2, "did you mean \"seed\"?"),
        (&["a", "--file", "field.toml"], 2, "field.toml: TOML parse error at line 2"),
        (&["a", "--file", "kind.json"], 2, "did you mean \"continuous\"?"),
        (&["a", "--file", "random.toml", "--warm-start"], 2, "the teacher is random"),
        (&["a", "--file", "lease.toml"], 2, "lease_seconds is -1"),
        (&["a", "--file", "broken.json"], 2, "broken.json: EOF while parsing"),
    ] {
        let stderr = server.run(&[&["curriculum", "create"], arguments].concat()).failed(code);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    assert_eq!(server.run(&["curriculum", "list", "--json"]).json(), json!({ "curricula": [] }));
}

#[test]
fn a_curriculum_is_paused_resumed_and_edited() {
    let server = Server::start();
    server.create("walker");
    let paused = server.run(&["curriculum", "pause", "walker"]).done();
    assert!(paused.contains("walker is paused"), "{paused}");
    assert!(server.run(&["curriculum", "list"]).done().contains("  walker  paused  "));
    assert_eq!(server.run(&["curriculum", "pause", "walker", "--json"]).json()["paused"], true);
    assert!(server.run(&["curriculum", "resume", "walker"]).done().contains("hands out tasks"));
    assert_eq!(server.run(&["curriculum", "resume", "walker", "--json"]).json()["paused"], false);

    let edit =
        ["curriculum", "edit", "walker", "--lease", "30m", "--criterion", "bic", "--max-components", "4"];
    let changed = server.run(&edit).done();
    assert_eq!(
        changed,
        "Changed walker:\n\n  lease_seconds: 3600.0 → 1800.0\n  criterion: \"aic\" → \"bic\"\n  max_components: 10 → 4\n"
    );
    assert_eq!(server.run(&edit).done(), "walker has these settings already.\n");
    let edited = server
        .run(&[
            "curriculum",
            "edit",
            "walker",
            "--json",
            "--display-name",
            "W",
            "--mastery-threshold",
            "-2",
            "--max-open-tasks",
            "5",
            "--max-staleness-episodes",
            "50",
            "--fit-rate",
            "30",
            "--random-task-ratio",
            "0.5",
            "--min-components",
            "3",
            "--em-initialisations",
            "2",
            "--fit-lag-episodes",
            "5",
        ])
        .json();
    for (field, expected) in [
        ("display_name", json!("W")),
        ("mastery_threshold", json!(-2.0)),
        ("max_open_tasks", json!(5)),
        ("max_staleness_episodes", json!(50)),
    ] {
        assert_eq!(edited[field], expected, "{field}");
    }
    for (field, expected) in [
        ("fit_rate", json!(30)),
        ("random_task_ratio", json!(0.5)),
        ("min_components", json!(3)),
        ("em_initialisations", json!(2)),
        ("fit_lag_episodes", json!(5)),
    ] {
        assert_eq!(edited["teacher"][field], expected, "{field}");
    }

    let nothing = server.run(&["curriculum", "edit", "walker"]).failed(2);
    assert!(nothing.contains("nothing to change"), "{nothing}");
    let refused =
        ["curriculum", "edit", "walker", "--display-name", "X", "--random-task-ratio", "2", "--json"];
    let refused = server.run(&refused).error(1);
    assert_eq!((&refused["reason"], &refused["hint"]), (&json!("INVALID_TEACHER"), &Value::Null));
    assert!(refused["fields"][0]["field"].as_str().unwrap().contains("random_task_ratio"), "{refused}");
    assert_eq!(server.run(&["curriculum", "show", "walker", "--json"]).json(), edited);
}

#[test]
fn a_curriculum_is_forked_at_a_position() {
    let server = Server::start();
    server.create("walker");
    server.play("walker", 10);
    let forked = server.run(&["curriculum", "fork", "walker", "copy", "--position", "8"]).done();
    assert!(forked.starts_with("Forked walker.\n\ncopy\n"), "{forked}");
    assert!(forked.contains("  forked from   walker at position 8\n"), "{forked}");
    let forked = server.run(&["curriculum", "fork", "walker", "other", "--seed", "9", "--json"]).json();
    assert_eq!(forked["forked_from"], json!({ "curriculum": "walker", "position": 20 }));
    assert_eq!((&forked["seed"], &forked["episodes"]), (&json!(9), &json!(10)));
    for (arguments, expected) in [
        (&["walker", "copy"][..], "`magister curriculum show copy` describes it"),
        (&["walker", "late", "--position", "99"], "there is no position 99"),
        (&["walkr", "late"], "did you mean \"walker\"?"),
    ] {
        let stderr = server.run(&[&["curriculum", "fork"], arguments].concat()).failed(1);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn unknown_names_are_answered_with_near_ones() {
    let server = Server::start();
    let none = server.run(&["curriculum", "show", "walker"]).failed(1);
    assert!(none.contains("there is none yet: make one with `magister curriculum create`"), "{none}");
    server.create("walker");
    for arguments in [
        &["curriculum", "show", "wlaker"][..],
        &["curriculum", "pause", "wlaker"],
        &["curriculum", "resume", "wlaker"],
        &["curriculum", "edit", "wlaker", "--lease", "1h"],
        &["curriculum", "delete", "wlaker", "--yes"],
        &["inspect", "wlaker"],
        &["inspect", "wlaker", "--watch"],
        &["explain", "wlaker", "1"],
    ] {
        let stderr = server.run(arguments).failed(1);
        assert_eq!(
            stderr,
            "error: there is no curriculum \"wlaker\"\ndid you mean \"walker\"? `magister curriculum list` shows all\n",
            "{arguments:?}"
        );
        let error = server.run(&[arguments, &["--json"]].concat()).error(1);
        assert_eq!(error["reason"], "CURRICULUM_NOT_FOUND", "{arguments:?}");
        assert!(error["hint"].as_str().unwrap().contains("walker"), "{error}");
    }
}

#[test]
fn transfers_that_cannot_be_leave_nothing() {
    let server = Server::start();
    server.create("walker");
    let there = server.folder.path().join("there.magister");
    fs::write(&there, "precious").unwrap();
    for (arguments, code, expected) in [
        (&["export", "walker", "--output", "there.magister"][..], 1, "there is such a file already"),
        (&["export", "walker", "--output", "no/such/folder/x"], 1, "cannot export to no/such/folder/x"),
        (&["import", "nothing.magister"], 2, "there is no file nothing.magister"),
        (&["import", "-"], 2, "add --name"),
    ] {
        let stderr = server.run(&[&["curriculum"], arguments].concat()).failed(code);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    assert_eq!(fs::read_to_string(there).unwrap(), "precious");
    let left: Vec<_> =
        fs::read_dir(server.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the server's data and the file that was there: {left:?}");
}

/// A curriculum as `show --json` prints it, without what an import may change.
fn without_name(mut curriculum: Value) -> Value {
    for field in ["id", "create_time"] {
        curriculum.as_object_mut().unwrap().remove(field);
    }
    curriculum
}

#[test]
fn an_exported_curriculum_is_imported_again() {
    let server = Server::start();
    server.create("walker");
    server.play("walker", 50);
    let walker = server.run(&["curriculum", "show", "walker", "--json"]).json();
    let exported = server.run(&["curriculum", "export", "walker", "--json"]).json();
    let path = server.folder.path().join("walker.magister");
    let bytes = fs::read(&path).unwrap();
    assert_eq!((&exported["file"], &exported["bytes"]), (&json!("walker.magister"), &json!(bytes.len())));

    let exists = server.run(&["curriculum", "import", "walker.magister"]).failed(1);
    assert!(exists.contains("magister curriculum show walker"), "{exists}");
    let imported = server.run(&["curriculum", "import", "walker.magister", "--name", "two", "--json"]).json();
    assert_eq!(without_name(imported), without_name(walker.clone()));

    // Through pipes.
    let mut export = server.command(&["curriculum", "export", "walker", "--output", "-"]);
    let mut export = export.stdout(Stdio::piped()).spawn().unwrap();
    let mut import = server.command(&["curriculum", "import", "-", "--name", "three", "--json"]);
    let imported = Ran::of(import.stdin(export.stdout.take().unwrap())).json();
    assert!(export.wait().unwrap().success());
    assert_eq!(without_name(imported), without_name(walker));

    for (name, content) in
        [("cut", bytes[..bytes.len() - 7].to_vec()), ("foreign", b"hello".to_vec()), ("empty", Vec::new())]
    {
        fs::write(server.folder.path().join(name), content).unwrap();
        let refused = server.run(&["curriculum", "import", name, "--json"]).error(1);
        assert_eq!(refused["reason"], "IMPORT_REFUSED", "{name}: {refused}");
    }
    let left = server.run(&["curriculum", "list", "--json"]).json();
    let left: Vec<&Value> =
        left["curricula"].as_array().unwrap().iter().map(|curriculum| &curriculum["id"]).collect();
    assert_eq!(left, ["three", "two", "walker"]);
}

#[test]
fn a_missing_server_is_answered_with_how_to_start_one() {
    let folder = tempfile::tempdir().unwrap();
    // A port that was free a moment ago.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for arguments in [
        &["curriculum", "list"][..],
        &["curriculum", "create", "a", "-d", "x=0:1"],
        &["inspect", "a", "--watch"],
        &["explain", "a", "1"],
    ] {
        let run = |more: &[&str]| {
            Ran::of(magister(folder.path()).args(arguments).args(more).args(["--server", &address]))
        };
        let stderr = run(&[]).failed(1);
        assert!(stderr.contains("magister serve") && stderr.contains(&address), "{stderr}");
        let error = run(&["--json"]).error(1);
        assert_eq!(error["reason"], "NO_SERVER", "{error}");
        assert!(error["hint"].as_str().unwrap().contains("magister serve"), "{error}");
    }
    let wrong =
        Ran::of(magister(folder.path()).args(["curriculum", "list", "--server", "http://"])).failed(2);
    assert!(wrong.contains("is not an address such as"), "{wrong}");
    let usage = Ran::of(magister(folder.path()).args(["curriculum", "show", "--json"])).error(2);
    assert_eq!(usage["reason"], "USAGE", "{usage}");
    assert!(usage["message"].as_str().unwrap().contains("<NAME>"), "{usage}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let server = Server::start();
    server.create("walker");
    for arguments in [
        &["curriculum", "list"][..],
        &["curriculum", "show", "walker", "--json"],
        &["inspect", "walker"],
        &["inspect", "walker", "--watch"],
        &["completions", "zsh"],
    ] {
        let mut process =
            server.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(process.stdout.take());
        let ended = process.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0), "{arguments:?}");
        assert_eq!(String::from_utf8(ended.stderr).unwrap(), "", "{arguments:?}");
    }
}
