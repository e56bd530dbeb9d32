//! `magister env` as a user runs it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use magister_envs::track::Family;
use serde_json::Value;

/// Runs `magister env`; its exit code, standard output and standard error.
fn env(arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_magister")).arg("env").args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

/// The same where it must go well, with what it prints as JSON.
fn env_json(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = env(&[arguments, &["--json"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    serde_json::from_str(&stdout).unwrap()
}

/// Width and height of a PNG.
fn png_size(path: &Path) -> [u32; 2] {
    let bytes = fs::read(path).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"), "{}", path.display());
    [16, 20].map(|at| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()))
}

const STUMPS: [&str; 6] = ["--track", "stump", "--stump-height", "1.2", "--obstacle-spacing", "3"];

#[test]
fn a_track_is_drawn_with_the_numbers_that_make_it() {
    let folder = tempfile::tempdir().unwrap();
    let (out, other) = (folder.path().join("track.png"), folder.path().join("other.png"));
    let show = |out: &Path, more: &[&str]| {
        env_json(&[&["show", "--out", out.to_str().unwrap()], &STUMPS[..], more].concat())
    };
    let shown = show(&out, &["--width", "600", "--seed", "7"]);
    assert_eq!(png_size(&out), [600, shown["height_px"].as_u64().unwrap() as u32]);
    assert_eq!(shown["width_px"], 600);
    assert_eq!(shown["task"]["stump_height"], 1.2);
    assert_eq!(shown["task"]["roughness"], 0.0, "defaults are told too");
    assert!(shown["surfaces"].as_u64().unwrap() > 40, "{shown}");
    show(&other, &["--width", "600", "--seed", "7"]);
    assert_eq!(fs::read(&out).unwrap(), fs::read(&other).unwrap());
    show(&other, &["--width", "600", "--seed", "8"]);
    assert_ne!(fs::read(&out).unwrap(), fs::read(&other).unwrap());
}

#[test]
fn a_saved_track_is_the_same_track() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let first = env_json(
        &[&["show", "--out", &path("a.png"), "--save-track", &path("a.json")], &STUMPS[..]].concat(),
    );
    let again =
        ["show", "--track-file", &path("a.json"), "--out", &path("b.png"), "--save-track", &path("b.json")];
    let (code, stdout, _) = env(&again);
    assert_eq!(code, 0);
    for said in [path("b.png"), path("b.json"), format!("{} surfaces", first["surfaces"])] {
        assert!(stdout.contains(&said), "{stdout}");
    }
    assert_eq!(fs::read(path("a.json")).unwrap(), fs::read(path("b.json")).unwrap());
}

#[test]
fn every_family_and_every_parameter_has_its_flag() {
    let (_, help, _) = env(&["show", "--help"]);
    for family in Family::ALL {
        assert!(help.contains(&family.name().replace('_', "-")), "{family}");
        for parameter in family.parameters() {
            let name = parameter.name.split('[').next().unwrap().replace('_', "-");
            assert!(help.contains(&format!("--{name} <NUMBER")), "{name}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.png").display().to_string();
    for flags in [
        "flat",
        "grass",
        "hardcore",
        "hexagon --hexagon 0,0,1,2,1,3,2,1,0,3,1,0",
        "sequence --stump-heights 1,2,3,2,1 --stump-widths 1,1,1,1,1",
        "stump_sequence --stump-heights=1,2,3,2,1 --stump-widths=1,1,1,1,1 --roughness=2",
    ] {
        let flags: Vec<&str> =
            ["show", "--out", &out, "--track"].into_iter().chain(flags.split(' ')).collect();
        env_json(&flags);
    }
}

#[test]
fn a_mistake_is_told_with_what_mends_it_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let broken = tempfile::NamedTempFile::new().unwrap();
    fs::write(broken.path(), "{}").unwrap();
    let broken = broken.path().to_str().unwrap();
    let out = path("a.png");
    for (arguments, expected) in [
        (vec!["show", "--out", &out], "--track <FAMILY>"),
        (vec!["show", "--out", &out, "--track", "hexgon"], "a similar value exists: 'hexagon'"),
        (vec!["show", "--out", &out, "--track", "flat", "--stump-hight", "1"], "exists: '--stump-height'"),
        (
            vec!["show", "--out", &out, "--track", "stump"],
            "--track stump needs --stump-height\nFor stump: mean",
        ),
        (
            vec!["show", "--out", &out, "--track", "hexagon", "--stump-height", "1"],
            "--stump-height is a parameter of --track stump, not of --track hexagon\n--track hexagon has",
        ),
        (
            vec!["show", "--out", &out, "--track", "grass", "--roughness", "1"],
            "--track grass has no parameters",
        ),
        (vec!["show", "--out", &out, "--track", "hexagon", "--hexagon", "1,2"], "2 of 12 numbers"),
        (vec!["show", "--out", &out, "--track", "flat", "--track-file", "x"], "cannot be used with"),
        (vec!["show", "--out", &out, "--track-file", "/no/such/file"], "/no/such/file cannot be read"),
        (vec!["show", "--out", &out, "--track-file", broken], "format"),
        (vec!["show", "--out", &out, "--track", "flat", "--width", "10"], "each side has 16 to 8000"),
        (vec!["show", "--out", &path("a.gif"), "--track", "flat"], "end the name in .png"),
    ] {
        let (code, stdout, stderr) = env(&arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    let nowhere = path("nowhere/a.png");
    let (code, _, stderr) = env(&["show", "--track", "flat", "--out", &nowhere, "--json"]);
    assert_eq!(code, 1);
    let error: Value = serde_json::from_str(&stderr).unwrap();
    assert!(
        error["error"]["message"].as_str().unwrap().contains("nowhere/a.png cannot be written"),
        "{error}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
