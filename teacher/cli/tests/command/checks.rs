//! Wrong use and its exit codes, and the commands that check: references, the hypercube, a store.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use super::{binary, run};
use serde_json::{Value, json};

/// Runs the command; its exit code, standard output and standard error.
fn magister(arguments: &[&str]) -> (i32, String, String) {
    run(binary().args(arguments))
}

fn reference(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/reference").join(file)
}

fn reference_text(file: &str) -> String {
    reference(file).display().to_string()
}

/// A folder with one file, and the file's path.
fn folder_with(file: &str, content: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    fs::write(&path, content).unwrap();
    (folder, path.display().to_string())
}

/// A copy of the reference file `file` with a change.
fn tampered(file: &str, change: impl Fn(&mut Value)) -> (tempfile::TempDir, String) {
    let mut value = serde_json::from_str(&fs::read_to_string(reference(file)).unwrap()).unwrap();
    change(&mut value);
    folder_with(file, &value.to_string())
}

#[test]
fn wrong_use_ends_with_2_and_says_why() {
    for (arguments, expected) in [
        (&["check-hypercube", "--cubes", "3"][..], "unexpected argument '--cubes'"),
        (&["check-hypercube", "--seeds", "0"], "0 is not in 1..=10000"),
        (&["check-hypercube", "--jobs", "0"], "--jobs"),
        (
            &["check-hypercube", "--teacher", "orakel"],
            "possible values: alp-gmm, covar-gmm, riac, oracle, currot, random",
        ),
        (&["check-hypercube", "--teacher", "oracle"], "the Oracle has no way through the hypercube"),
        (&["check-hypercube", "--cells", "1"], "at least 2 cells a side, not 1"),
        (&["check-hypercube", "--dims", "0"], "at least one relevant dimension"),
        (&["check-hypercube", "--dims", "9"], "more than 10000000 cells"),
        (&["check-hypercube", "--irrelevant", "4000000000"], "at most 64 axes"),
        (&["check-hypercube", "--fit-lag", "100001"], "fit_lag_episodes is 100001"),
        (&["check-hypercube", "--teacher", "random", "--fit-lag", "0"], "--fit-lag belongs to ALP-GMM"),
        (&["check-hypercube", "--teacher", "random", "--engine", "em"], "--engine belongs to ALP-GMM"),
        (&["check-hypercube", "--reference", "/no/such/file"], "/no/such/file cannot be read"),
        (&["check-reference"], "<FILE>..."),
        (&["check-nothing"], "unrecognized subcommand"),
        (&[], "Usage: magister"),
    ] {
        let (code, stdout, stderr) = magister(arguments);
        assert_eq!(code, 2, "{arguments:?}");
        assert_eq!(stdout, "", "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_server_that_others_could_misuse_does_not_start() {
    let (_folder, token) = folder_with("token", "too short\n");
    let data = tempfile::tempdir().unwrap();
    let data = data.path().join("data").display().to_string();
    let serve = ["serve", "--data", &data];
    for (arguments, expected) in [
        (&["--listen", "0.0.0.0:0"][..], "neither certificate nor token"),
        (&["--listen", "0.0.0.0:0"], "give both --tls-certificate with --tls-key and --token-file"),
        (&["--tls-certificate", "/no/such/file"], "--tls-key <FILE>"),
        (&["--tls-client-ca", "/no/such/file"], "--tls-certificate <FILE>"),
        (
            &["--tls-certificate", "/no/such/file", "--tls-key", &token],
            "certificate /no/such/file cannot be read",
        ),
        (&["--tls-certificate", &token, "--tls-key", &token], "holds no whole PEM certificate"),
        (&["--token-file", "/no/such/file"], "token /no/such/file cannot be read"),
        (&["--token-file", &token], "has spaces"),
        (&["--token", "0123456789abcdef"], "unexpected argument '--token'"),
    ] {
        let (code, stdout, stderr) = magister(&[&serve, arguments].concat());
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("too short"), "the token is not told: {stderr}");
    }
    assert!(!Path::new(&data).exists());
    let Output { status, stderr, .. } = binary()
        .args([&serve[..], &["--token-file", &token]].concat())
        .env("MAGISTER_TOKEN", "0123456789abcdef")
        .output()
        .unwrap();
    let stderr = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(stderr.contains("two tokens") && !stderr.contains("0123456789abcdef"), "{stderr}");
}

#[test]
fn help_lists_the_commands_and_exit_codes() {
    let (code, stdout, _) = magister(&["--help"]);
    assert_eq!(code, 0);
    for expected in ["check-reference", "check-hypercube", "Exit codes"] {
        assert!(stdout.contains(expected), "{stdout}");
    }
}

#[test]
fn unknown_and_broken_files_are_told_apart() {
    for (content, expected) in [
        (r#"{"x": 1}"#, "is of no known kind; known, with the fields that tell them, are ALP trace"),
        ("not json", "is not JSON"),
        (
            r#"{"dims": 2, "columns": [], "episodes": [[[0.5, 0.5], 1]]}"#,
            "is no correct file of the kind ALP trace",
        ),
    ] {
        let (_folder, path) = folder_with("file.json", content);
        let (code, stdout, stderr) = magister(&["check-reference", &path]);
        assert_eq!(code, 2, "{content}");
        assert!(stdout.contains("ERROR"), "{stdout}");
        assert!(stderr.contains(&path) && stderr.contains(expected), "{stderr}");
    }
}

#[test]
fn a_file_that_cannot_be_used_outweighs_a_match() {
    let (code, stdout, stderr) =
        magister(&["check-reference", "/no/such/file", &reference_text("alp_trace_d2.json")]);
    assert_eq!(code, 2);
    assert!(stdout.contains("  match  "), "{stdout}");
    assert!(stderr.contains("/no/such/file cannot be read"), "{stderr}");
}

#[test]
fn the_reference_is_matched() {
    let files = ["alp_trace_d2.json", "alp_trace_d12.json", "gmm_windows_d2.json", "oracle_windows.json"];
    let files = files.map(reference_text);
    let (code, stdout, stderr) = magister(&["check-reference", &files[0], &files[1], &files[2], &files[3]]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert_eq!(stdout.matches("  match  ").count(), 4, "{stdout}");
    assert!(stdout.contains("em (decides)") && stdout.contains("linfa (for information)"), "{stdout}");
}

#[test]
fn a_changed_window_of_the_oracle_is_a_mismatch() {
    let changes: [fn(&mut Value); 3] = [
        |file| file["windows"][30][1][0] = json!(1.0),
        // One decision the other way: 50 returns that are far too low.
        |file| (0..50).for_each(|index| file["returns"][index] = json!(0.0)),
        |file| file["window_step"][1] = json!(0.2),
    ];
    for change in changes {
        let (_folder, path) = tampered("oracle_windows.json", change);
        let (code, stdout, _) = magister(&["check-reference", &path]);
        assert_eq!(code, 1, "{stdout}");
        assert!(stdout.contains("MISMATCH") && stdout.contains("60 windows from 3000 returns"), "{stdout}");
    }
    let (_folder, path) = tampered("oracle_windows.json", |file| file["mins"] = json!([0.0]));
    let (code, _, stderr) = magister(&["check-reference", &path]);
    assert_eq!(code, 2);
    assert!(stderr.contains("`mins` has 1 numbers instead of 2"), "{stderr}");
}

#[test]
fn a_changed_trace_is_a_mismatch() {
    let (_folder, path) = tampered("alp_trace_d2.json", |trace| trace["episodes"][1234][2] = json!(5.0));
    let (code, stdout, _) = magister(&["check-reference", &path, &reference_text("alp_trace_d12.json")]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("MISMATCH") && stdout.contains("first at episode 1234"), "{stdout}");
    let (code, stdout, _) = magister(&["check-reference", "--json", &path]);
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(code, 1);
    assert_eq!(report["verdict"], "mismatch");
    assert!(report["files"][0]["largest_difference"].as_f64().unwrap() > 1.0, "{stdout}");
}

#[test]
fn changed_windows_are_a_mismatch() {
    let (_folder, path) = tampered("gmm_windows_d12.json", |windows| {
        for case in windows["cases"].as_array_mut().unwrap() {
            case["best_aic_mean"] = json!(case["best_aic_mean"].as_f64().unwrap() - 3_000.0);
        }
    });
    let (code, stdout, _) = magister(&["check-reference", &path]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("MISMATCH") && stdout.contains("NOT within ±1"), "{stdout}");
}

/// Beside the reference's own there are files named `odd_…`, made with the same Box2D 2.3.10 and `sinf` without fused multiply-add.
/// They hold what those do not: more than 32 contacts of one body and impacts that are given up (`saw_of_edges`), more
/// than eight impacts of a pair in a step (`dropped_on_stumps`), searches that stop at a lesser side or take long
/// (`inside_polygons`, `among_polygons`), the greatest speed (`falls_for_good`), and sleep with and without settled positions.
#[test]
fn every_engine_walks_every_recorded_trajectory() {
    let files: Vec<String> = fs::read_dir(reference("walker"))
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect();
    assert!(files.len() >= 18, "{files:?}");
    let arguments: Vec<&str> =
        ["check-reference", "--json"].into_iter().chain(files.iter().map(String::as_str)).collect();
    let (code, stdout, stderr) = magister(&arguments);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let engines: Vec<&str> = magister_envs::physics::Engine::available().iter().map(|e| e.name()).collect();
    for file in report["files"].as_array().unwrap() {
        assert_eq!(file["verdict"], "match", "{file}");
        let replays = file["replays"].as_array().unwrap();
        assert_eq!(
            replays.iter().map(|replay| replay["engine"].as_str().unwrap()).collect::<Vec<_>>(),
            engines
        );
        for replay in replays {
            let (first, most) = (&replay["first_difference"], &replay["largest_difference"]);
            assert_eq!(first, &json!({"hull": null, "observation": null, "reward": null, "done": null}));
            assert_eq!((most["hull"].as_f64(), most["done"].as_f64()), (Some(0.0), Some(0.0)), "{file}");
            for part in ["observation", "reward"] {
                assert!(most[part].as_f64().unwrap() <= 1e-12, "{file}");
            }
            assert_eq!(replay["done_at"], file["done_at"]);
        }
    }
}

#[test]
fn a_changed_trajectory_is_a_mismatch_from_the_changed_step_on() {
    let recorded = unpacked(&reference("walker/short_flat_random.json.gz"));
    let add = |value: &mut Value, difference: f64| *value = json!(value.as_f64().unwrap() + difference);
    type Change<'a> = &'a dyn Fn(&mut Value);
    let changes: [(Change<'_>, &str); 7] = [
        // The least step of an f32 between 4 and 8.
        ((&|file: &mut Value| add(&mut file["steps"][30]["hull"][0], 2.0_f64.powi(-21))), "hull at 30"),
        (&|file: &mut Value| add(&mut file["steps"][31]["observation"][23], 1e-11), "observation at 31"),
        (
            &|file: &mut Value| {
                add(&mut file["steps"][32]["reward"], 1e-11);
                add(&mut file["return_until_done"], 1e-11);
            },
            "reward at 32",
        ),
        (&|file: &mut Value| file["steps"][600]["done"] = json!(false), "done at 600"),
        (&|file: &mut Value| file["initial_force"] = json!(0), "hull at 0, observation at 0, reward at "),
        (&|file: &mut Value| file["walker"] = json!("default"), "hull at 0, observation at 0, reward at "),
        (&|file: &mut Value| file["terrain"][9]["vertices"][0][1] = json!(3.4), "hull at "),
    ];
    for (change, expected) in changes {
        let mut value = recorded.clone();
        change(&mut value);
        let (_folder, path) = folder_with("changed.json", &value.to_string());
        let (code, stdout, _) = magister(&["check-reference", &path]);
        assert_eq!(code, 1, "{stdout}");
        assert!(stdout.contains("MISMATCH") && stdout.contains(expected), "{stdout} lacks {expected}");
    }
}

/// The JSON that a file compressed with gzip holds.
fn unpacked(path: &Path) -> Value {
    serde_json::from_reader(flate2::read::GzDecoder::new(fs::File::open(path).unwrap())).unwrap()
}

#[test]
fn a_file_that_breaks_off_is_named() {
    let whole = fs::read(reference("walker/short_flat_random.json.gz")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("half.json.gz");
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let (code, _, stderr) = magister(&["check-reference", &path.display().to_string()]);
    assert_eq!(code, 2);
    assert!(stderr.contains("half.json.gz is compressed with gzip, but cannot be unpacked"), "{stderr}");
}

#[test]
fn what_is_not_compared_is_not_called_a_success() {
    let scores = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/hypercube_scores.json");
    let (_folder, sets) = folder_with("sets.json", r#"{"sets": {"easy": [{"stump_height": 0.5}]}}"#);
    let (code, stdout, stderr) = magister(&["check-reference", scores, &sets]);
    assert_eq!(code, 2);
    assert_eq!(stdout.matches("not compared").count(), 2, "{stdout}");
    assert!(stderr.contains("nothing was compared"), "{stderr}");
    // Beside a file that was compared, they do no harm.
    let (code, stdout, _) = magister(&["check-reference", &sets, &reference_text("alp_trace_d2.json")]);
    assert_eq!(code, 0);
    assert!(stdout.contains("not compared"), "{stdout}");
}

#[test]
fn a_small_hypercube_run_is_compared() {
    let arguments = ["check-hypercube", "--seeds", "3", "--episodes", "2000", "--fit-lag", "0"];
    let (code, stdout, stderr) = magister(&arguments);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    for expected in ["2000 episodes, fit lag 0, engine em", "90% confidence interval", "verdict: equivalent"]
    {
        assert!(stdout.contains(expected), "{stdout}");
    }
}

#[test]
fn a_worse_teacher_is_not_equivalent() {
    // Random's scores under the name of ALP-GMM.
    let random = ["--teacher", "random", "--seeds", "4", "--json"];
    let (code, stdout, _) = magister(&[&["check-hypercube"], &random[..]].concat());
    assert_eq!(code, 0, "{stdout}");
    let (_folder, path) = folder_with("scores.json", &stdout.replace(r#""Random""#, r#""ALP-GMM""#));
    let (code, stdout, _) = magister(&["check-hypercube", "--seeds", "4", "--reference", &path]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("verdict: not shown equivalent"), "{stdout}");
}

#[test]
fn one_seed_shows_nothing() {
    let (code, stdout, _) = magister(&["check-hypercube", "--seeds", "1", "--teacher", "random"]);
    assert_eq!(code, 1);
    assert!(stdout.contains("not shown equivalent (each side needs at least two seeds)"), "{stdout}");
}

#[test]
fn a_hypercube_without_reference_is_played_all_the_same() {
    let (code, stdout, _) =
        magister(&["check-hypercube", "--seeds", "2", "--episodes", "300", "--cells", "3", "--jobs", "1"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("no reference for this hypercube"), "{stdout}");
}

#[test]
fn a_service_gives_every_teachers_tasks() {
    for teacher in ["alp-gmm", "covar-gmm", "riac", "currot", "random"] {
        let arguments =
            ["--seeds", "1", "--episodes", "1200", "--cells", "4", "--service", "--teacher", teacher];
        let (code, stdout, stderr) = magister(&[&["check-hypercube"], &arguments[..]].concat());
        assert_eq!(code, 0, "{teacher}: {stdout}{stderr}");
    }
}

#[test]
fn neither_jobs_nor_other_seeds_change_a_run() {
    let run = |jobs: &str, first_seed: &str, seeds: &str| -> Value {
        let arguments =
            ["--jobs", jobs, "--first-seed", first_seed, "--seeds", seeds, "--episodes", "1000", "--json"];
        let (_, stdout, _) = magister(&[&["check-hypercube"], &arguments[..]].concat());
        serde_json::from_str(&stdout).unwrap()
    };
    let all = run("3", "5", "3");
    assert_eq!(all, run("1", "5", "3"));
    assert_eq!(all["runs"][2], run("1", "7", "1")["runs"][0]);
    assert_eq!(all["runs"][0]["mastered_percent_every_1000_episodes"].as_array().unwrap().len(), 2);
}

#[test]
fn another_kind_of_file_is_no_hypercube_reference() {
    let (code, _, stderr) =
        magister(&["check-hypercube", "--reference", &reference_text("alp_trace_d2.json")]);
    assert_eq!(code, 2);
    assert!(stderr.contains("alp_trace_d2.json is of the kind ALP trace, not hypercube scores"), "{stderr}");
}

#[test]
fn a_store_is_verified_when_nobody_uses_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().display().to_string();
    let (code, _, stderr) = magister(&["verify-store", "--data", &data]);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no store in"), "{stderr}");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let settings = magister_service::ServerSettings::local(folder.path());
    let server = runtime.block_on(magister_service::Server::start(settings)).unwrap();
    let (code, _, stderr) = magister(&["verify-store", "--data", &data]);
    assert_eq!(code, 2);
    assert!(stderr.contains("another server is using"), "{stderr}");
    runtime.block_on(server.stop()).unwrap();

    let (code, stdout, stderr) = magister(&["verify-store", "--data", &data]);
    assert_eq!((code, stderr.as_str()), (0, ""), "{stdout}");
    assert!(stdout.contains("verdict: sound"), "{stdout}");
    let (code, _, stderr) = magister(&["verify-store", "--data", &data, "--curriculum", "walker"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no curriculum \"walker\""), "{stderr}");

    let file = folder.path().join("magister.sqlite");
    let mut bytes = fs::read(&file).unwrap();
    bytes[4 * 4096..4 * 4096 + 8].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let (code, stdout, _) = magister(&["verify-store", "--data", &data]);
    assert_eq!(code, 1, "{stdout}");
    assert!(stdout.contains("the file: ") && stdout.contains("verdict: NOT SOUND"), "{stdout}");
}
