//! `magister train` as a user runs it, for a few seconds.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use super::{binary, run};
use magister_tests::TestServer;
use serde_json::Value;

/// A run of four updates.
const SHORT: [&str; 14] = [
    "--walkers",
    "64",
    "--rollout-steps",
    "32",
    "--minibatch",
    "512",
    "--hidden",
    "16",
    "--steps",
    "8k",
    "--evaluation-interval",
    "4k",
    "--checkpoint-interval",
    "0s",
];

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut command = binary();
    command.arg("train").arg("--folder").arg(folder).args(more);
    command
}

/// Trains; exit code, standard output and standard error.
fn train(folder: &Path, more: &[&str]) -> (i32, String, String) {
    run(&mut command(folder, more))
}

fn train_json(folder: &Path, more: &[&str]) -> Value {
    let (code, stdout, stderr) = train(folder, &[more, &["--json"]].concat());
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&stdout).unwrap()
}

/// What must be the same however often a run was killed; of the curriculum's episodes all but their times.
fn result(folder: &Path) -> Vec<Vec<u8>> {
    let names = ["policy.safetensors", "evaluations.csv", "updates.csv", "hard.gif"];
    let mut files: Vec<_> = names.map(|name| fs::read(folder.join(name)).unwrap()).into();
    let episodes = fs::read_to_string(folder.join("episodes.csv")).unwrap();
    let header: Vec<&str> = episodes.lines().next().unwrap().split(',').collect();
    let time = header.iter().position(|name| *name == "accept_time").unwrap();
    let without_time = episodes.lines().map(|line| {
        let values = line.split(',').enumerate().filter(|(column, _)| *column != time);
        values.map(|(_, value)| value).collect::<Vec<_>>().join(",")
    });
    files.push(without_time.collect::<Vec<_>>().join("\n").into_bytes());
    files
}

#[test]
fn a_run_that_is_killed_ends_as_one_that_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let ended = train_json(&whole, &SHORT);
    assert_eq!(ended["steps"], 8192);
    assert_eq!(ended["evaluations"].as_array().unwrap().len(), 2);
    for file in ended["files"].as_array().unwrap() {
        assert!(Path::new(file.as_str().unwrap()).exists(), "{file}");
    }
    for milliseconds in [50, 400, 700, 1000] {
        let mut training = command(&killed, &SHORT).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(milliseconds));
        // One that has ended already is as good.
        let _ = training.kill();
        training.wait().unwrap();
    }
    let (code, stdout, stderr) = train(&killed, &SHORT);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("Mastered: "), "{stdout}");
    assert!(result(&killed) == result(&whole));
    // Once more there is nothing left to do, and nothing changes.
    let (code, stdout, _) = train(&whole, &SHORT);
    assert_eq!(code, 0);
    assert!(stdout.contains("Going on with the run in"), "{stdout}");
    assert!(result(&whole) == result(&killed));

    let policy = whole.join("policy.safetensors");
    let policy = policy.to_str().unwrap();
    let out = folder.path().join("walk.gif");
    let record = |more: &[&str]| {
        binary()
            .args([
                "env", "record", "--track", "flat", "--size", "90x60", "--steps", "40", "--policy", policy,
            ])
            .args(["--json", "--out", out.to_str().unwrap()])
            .args(more)
            .output()
            .unwrap()
    };
    let recorded: Value = serde_json::from_slice(&record(&[]).stdout).unwrap();
    assert_eq!(recorded["policy"], policy);
    let refused = record(&["--walker", "short"]);
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(message.contains("learned with the default walker, not with the short one"), "{message}");

    // A policy can be learned on from.
    let more =
        [&SHORT[..], &["--from", policy, "--teacher", "random", "--range", "stump_height=0:1"]].concat();
    train_json(&folder.path().join("more"), &more);
    let (code, _, stderr) =
        train(&folder.path().join("more"), &[&SHORT[..], &["--teacher", "random"]].concat());
    assert_eq!(code, 2);
    assert!(stderr.contains("it was begun with another policy (--from)"), "{stderr}");
}

#[test]
fn a_run_that_is_told_to_stop_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&SHORT[..8], &["--steps", "50M", "--checkpoint-interval", "0s"]].concat();
    let training = command(folder.path(), &arguments).stdout(Stdio::piped()).spawn().unwrap();
    while !folder.path().join("checkpoint.json").exists() {
        thread::sleep(Duration::from_millis(20));
    }
    let id = training.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = training.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(said.contains("Stopped after") && said.contains("The same command goes on."), "{said}");
}

#[test]
fn what_must_be_mended_is_told_before_anything_happens() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("run");
    let other = temporary.path().join("other.txt");
    fs::write(&other, "no policy").unwrap();
    for (arguments, expected) in [
        (&["--steps", "none"][..], "write a whole number above 0, such as 500k"),
        (&["--walkers", "100"], "walkers is 100: give a multiple of 64 up to 4096"),
        (&["--learning-rate", "-1"], "learning_rate is -1: give a number above 0"),
        (&["--range", "stump_height"], "write NAME=LOW:HIGH"),
        (&["--range", "height=0:4"], "stump-tracks has stump_height and obstacle_spacing"),
        (&["--env", "gymnasium", "--range", "height=0:4"], "gymnasium has none"),
        (&["--from", other.to_str().unwrap()], "other.txt: is no policy"),
        (&["--from", "/nowhere"], "/nowhere: cannot be read"),
        (&["--env", "moon"], "invalid value 'moon'"),
        (&["--cells", "5"], "are of --env hypercube, not of --env stump-tracks"),
        (&["--env", "hypercube", "--epochs", "5"], "takes no --walker"),
        (&["--env", "hypercube", "--cells", "0"], "cells"),
    ] {
        let (code, stdout, stderr) = train(&folder, arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!folder.exists(), "{arguments:?}");
    }
}

#[test]
fn a_learner_that_diverges_leaves_its_last_good_checkpoint() {
    let temporary = tempfile::tempdir().unwrap();
    let (code, _, stderr) = train(temporary.path(), &[&SHORT[..], &["--learning-rate", "1e18"]].concat());
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("the learner diverged"), "{stderr}");
    assert!(stderr.contains("checkpoint"), "{stderr}");
}

#[test]
fn a_remote_server_teaches_as_ones_own() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start());
    let uri = server.uri();
    let temporary = tempfile::tempdir().unwrap();
    let (own, remote, third) =
        (temporary.path().join("own"), temporary.path().join("remote"), temporary.path().join("third"));
    train_json(&own, &SHORT);
    let arguments = [&SHORT[..], &["--server", &uri]].concat();
    train_json(&remote, &arguments);
    assert!(result(&own) == result(&remote));
    let (code, _, stderr) = train(&third, &arguments);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("tasks already, and not to a run in this folder"), "{stderr}");
    let (code, _, stderr) = train(&remote, &[&arguments[..], &["--entropy", "0.01"]].concat());
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("settings.ppo.entropy is 0.005 there and 0.01 here"), "{stderr}");
}

#[test]
fn the_hypercube_is_learned_within_a_moment() {
    let temporary = tempfile::tempdir().unwrap();
    let (whole, killed) = (temporary.path().join("whole"), temporary.path().join("killed"));
    let arguments = ["--env", "hypercube", "--steps", "600", "--curriculum", "cube"];
    let ended = train_json(&whole, &arguments);
    assert_eq!(ended["curriculum"]["episodes"], 600);
    assert!(ended["mastered_percent"].as_f64().unwrap() > 0.0, "{ended}");
    let mut training = command(&killed, &arguments).stdout(Stdio::null()).spawn().unwrap();
    thread::sleep(Duration::from_millis(200));
    let _ = training.kill();
    training.wait().unwrap();
    let again = train_json(&killed, &arguments);
    assert_eq!(again["mastered_percent"], ended["mastered_percent"]);
    assert_eq!(again["curriculum"]["episodes"], 600);
    let (code, stdout, _) = train(&killed, &arguments);
    assert_eq!(code, 0);
    assert!(stdout.contains("Mastered: ") && stdout.contains("magister serve --data"), "{stdout}");
}
