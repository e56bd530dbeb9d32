//! `magister env` as a user runs it.

use std::{fs, path::Path, process::Output};

use super::{binary, run};
use magister_envs::track::Family;
use serde_json::Value;

/// Runs `magister env`; its exit code, standard output and standard error.
fn env(arguments: &[&str]) -> (i32, String, String) {
    run(binary().arg("env").args(arguments))
}

/// The same where it must go well, with what it prints as JSON.
fn env_json(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = env(&[arguments, &["--json"]].concat());
    assert_eq!((code, stderr.as_str()), (0, ""), "{arguments:?}");
    serde_json::from_str(&stdout).unwrap()
}

/// Plays an episode on flat ground, drawn small.
fn record(out: &str, more: &[&str]) -> Value {
    env_json(&[&["record", "--track", "flat", "--size", "90x60", "--out", out], more].concat())
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
fn an_episode_is_recorded_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for (name, start, more, [frames, steps], ending) in [
        ("walk.gif", "GIF89a", &["--steps", "100"][..], [51, 100], "recorded"),
        ("odd.gif", "GIF89a", &["--steps", "25", "--frame-rate", "5"], [4, 25], "recorded"),
        ("walk.png", "\u{fffd}PNG", &["--steps", "10", "--walker", "short"], [6, 10], "recorded"),
        (
            "quad.gif",
            "GIF89a",
            &["--steps", "5", "--policy", "random", "--walker", "quadrupedal"],
            [4, 5],
            "recorded",
        ),
    ] {
        let recorded = record(&path(name), more);
        assert!(String::from_utf8_lossy(&fs::read(path(name)).unwrap()).starts_with(start), "{name}");
        for (field, expected) in [("frames", frames), ("steps", steps), ("width_px", 90), ("height_px", 60)] {
            assert_eq!(recorded[field], expected, "{name}: {field}");
        }
        assert_eq!(recorded["ending"], ending, "{name}");
        assert_eq!(recorded["file"], path(name).as_str());
    }
    // Who does nothing falls, and the last reward is the fall's.
    let fallen = record(&path("still.gif"), &["--policy", "still"]);
    assert_eq!((&fallen["ending"], &fallen["policy"]), (&"fell".into(), &"still".into()));
    assert!(
        fallen["return"].as_f64().unwrap() < -90.0 && fallen["steps"].as_u64().unwrap() < 500,
        "{fallen}"
    );
    let (_, text, _) = env(&["record", "--track", "flat", "--policy", "still", "--out", &path("again.gif")]);
    let expected = format!("The walker fell after {} steps", fallen["steps"]);
    assert!(text.contains(&expected) && text.contains("again.gif: "), "{text}");
}

#[test]
fn the_same_seed_gives_the_same_episode() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let random = |name: &str, seed: &str| {
        let told = record(&path(name), &["--policy", "random", "--steps", "40", "--seed", seed]);
        (told["return"].as_f64().unwrap().to_bits(), fs::read(path(name)).unwrap())
    };
    let first = random("a.gif", "1");
    assert!(first == random("b.gif", "1"), "another episode with the same seed");
    assert!(first.0 != random("c.gif", "2").0, "the same episode with another seed");
}

#[test]
fn a_saved_track_is_walked_like_the_made_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    env_json(&["show", "--track", "grass", "--out", &path("a.png"), "--save-track", &path("a.json")]);
    let walk = |track: [&str; 2]| {
        let common = ["record", "--steps", "60", "--size", "90x60", "--out", &path("a.gif")];
        env_json(&[&common[..], &track].concat())["return"].as_f64().unwrap().to_bits()
    };
    assert_eq!(walk(["--track", "grass"]), walk(["--track-file", &path("a.json")]));
}

#[test]
fn one_moment_is_a_still_picture() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("moment.png");
    let told = record(out.to_str().unwrap(), &["--frame", "30"]);
    assert_eq!((&told["steps"], &told["frames"]), (&30.into(), &1.into()));
    assert_eq!(png_size(&out), [90, 60]);
    assert!(!fs::read(&out).unwrap().windows(4).any(|chunk| chunk == b"acTL"), "it does not move");
}

#[test]
fn without_ffmpeg_there_is_no_mp4_and_the_error_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("walk.mp4");
    let Output { status, stderr, .. } = binary()
        .args(["env", "record", "--track", "flat", "--steps", "4", "--size", "90x60", "--out"])
        .arg(&out)
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("install it, or write a .gif or .png instead"), "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
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
        (
            vec!["record", "--track", "flat", "--out", &path("a.webm")],
            "end the name in .gif, .png (animated) or .mp4",
        ),
        (vec!["record", "--track", "flat", "--out", &path("a.gif"), "--frame", "3"], "end the name in .png"),
        (
            vec!["record", "--track", "flat", "--out", &out, "--frame", "3", "--steps", "3"],
            "cannot be used with",
        ),
        (
            vec!["record", "--track", "flat", "--out", &out, "--policy", "still", "--frame", "1999"],
            "--frame takes 0 to",
        ),
        (
            vec!["record", "--track", "flat", "--out", &out, "--frame-rate", "30"],
            "choose 50, 25, 10, 5, 2 or 1",
        ),
        (vec!["record", "--track", "flat", "--out", &out, "--view", "1"], "choose 4 to 200 m"),
        (vec!["record", "--track", "flat", "--out", &out, "--size", "600"], "such as 600x400"),
        (vec!["record", "--track", "flat", "--out", &out, "--size", "9x9"], "each side has 16 to 8000"),
        (vec!["record", "--track", "flat", "--out", &out, "--steps", "2001"], "2001 is not in 1..=2000"),
        (
            vec!["record", "--track", "flat", "--out", &out, "--walker", "quadrupedal"],
            "walks on two legs only\nchoose --policy random",
        ),
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
