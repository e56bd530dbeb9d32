//! `magister experiment` as a user runs it, with runs of a moment.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use super::{binary, run};
use magister_tests::TestServer;
use serde_json::Value;

/// Four runs of four updates.
const SMALL: &str = r#"
title = "A small one"
steps = "8k"
evaluation_interval = "4k"
report_at = ["4k"]
seeds = 2
teachers = ["random", { name = "often", algorithm = "alp_gmm", fit_rate = 20 }]
student = { walkers = 64, rollout_steps = 32, minibatch = 512, hidden = [16] }
published = [{ teacher = "random", mastered = "18.2" }]
"#;

/// A folder with an experiment's file, and what belongs to it.
struct Place {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Place {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("small.toml");
        fs::write(&file, text).unwrap();
        Self { folder, file }
    }

    fn command(&self, more: &[&str]) -> Command {
        let mut command = binary();
        command.arg("experiment").arg(&self.file).arg("--folder").arg(self.folder.path().join("work"));
        command.args(["--checkpoint-interval", "0s"]).args(more);
        command
    }

    /// Exit code, standard output and standard error.
    fn run(&self, more: &[&str]) -> (i32, String, String) {
        run(&mut self.command(more))
    }

    fn begin(&self, more: &[&str]) -> Child {
        self.command(more).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn results(&self) -> PathBuf {
        self.folder.path().join("small")
    }

    /// What must be the same wherever and however often stopped it was made.
    fn table(&self) -> String {
        fs::read_to_string(self.results().join("results.csv")).unwrap()
    }

    fn records(&self) -> Vec<Value> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(self.results().join("runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths.iter().map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect()
    }
}

fn kill(mut process: Child) {
    // One that has ended already is as good.
    let _ = process.kill();
    process.wait().unwrap();
}

fn page(results: &Path) -> String {
    fs::read_to_string(results.join("README.md")).unwrap()
}

#[test]
fn a_matrix_ends_as_it_would_have_however_often_it_is_killed() {
    let whole = Place::with(SMALL);
    let (code, stdout, stderr) = whole.run(&["--json"]);
    assert_eq!(code, 0, "{stderr}");
    let ended: Value = serde_json::from_str(&stdout).unwrap();
    let runs = ended["runs"].as_array().unwrap();
    assert_eq!((runs.len(), ended["failures"].as_array().unwrap().len()), (4, 0));
    assert!(runs.iter().all(|run| run["mastered_percent"].is_number()), "{ended}");
    assert_eq!(whole.table().lines().count(), 1 + 4 * 2);
    let records = whole.records();
    assert_eq!(records[0]["run"]["teacher"], "often");
    assert_eq!(records[0]["run"]["algorithm"]["fit_rate"], 20);
    assert_eq!(records[0]["evaluations"][1]["returns"].as_array().unwrap().len(), 50);
    let page = page(&whole.results());
    for expected in [
        "# A small one",
        "| teacher | seeds | at 4000 | at 8000 | published |",
        "| random | 2 |",
        "| 18.2 |",
        "p of Welch's t-test",
        "Mastered at 8000 by the height of the stumps",
        "| teacher | 0 to 0.5 (11) | 0.5 to 1 (8) | 1 to 1.5 (9) | 1.5 to 2 (8) | from 2 (14) |",
        "![Learning curves](stump-tracks-default.svg)",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let curves = fs::read_to_string(whole.results().join("stump-tracks-default.svg")).unwrap();
    assert!(curves.contains("random (2 seeds)") && curves.contains("often (2 seeds)"), "{curves}");
    assert!(whole.results().join("stump-tracks-default.png").exists());
    let checkpoint = whole.folder.path().join("work/runs/stump-tracks-default-random-1/checkpoint.json");
    assert!(!checkpoint.exists(), "runs that are over take no room");

    let killed = Place::with(SMALL);
    for milliseconds in [60, 500, 900, 1300] {
        let process = killed.begin(&[]);
        thread::sleep(Duration::from_millis(milliseconds));
        kill(process);
    }
    let (code, stdout, stderr) = killed.run(&[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("mastered share of the test set, per cent"), "{stdout}");
    assert_eq!(killed.table(), whole.table());

    // Records are enough: with them alone there is nothing left to do.
    fs::remove_dir_all(killed.folder.path().join("work")).unwrap();
    let before = killed.records();
    assert_eq!(killed.run(&[]).0, 0);
    assert!(!killed.folder.path().join("work").exists());
    assert_eq!(killed.records(), before);
    let lost = killed.results().join("runs/stump-tracks-default-often-2.json");
    fs::remove_file(&lost).unwrap();
    assert_eq!(killed.run(&["--only-report"]).0, 0);
    assert!(!lost.exists());
    assert!(self::page(&killed.results()).contains("**1 of 4 runs are not there yet.**"));
    let (code, _, stderr) = killed.run(&["--only", "teacher=riac"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no run of this experiment has that teacher"), "{stderr}");
    assert!(stderr.contains("there are often, random"), "{stderr}");
    assert_eq!(killed.run(&["--only", "teacher=often", "--only", "seed=1"]).0, 0);
    assert!(!lost.exists());
    let (code, stdout, _) = killed.run(&["--only", "teacher=often", "--only", "seed=1,2"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("1 of 2 runs are to be done"), "{stdout}");
    fs::remove_file(&lost).unwrap();
    fs::remove_dir_all(killed.folder.path().join("work")).unwrap();
    assert_eq!(killed.run(&[]).0, 0);
    assert_eq!(killed.table(), whole.table());
}

#[test]
fn machines_share_an_experiment_through_a_server() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start());
    let uri = server.uri();
    let at_server = ["--server", &uri, "--jobs", "1"];
    let (one, two) = (Place::with(SMALL), Place::with(SMALL));
    let (first, second) = (one.begin(&at_server), two.begin(&at_server));
    for mut process in [first, second] {
        process.wait().unwrap();
    }
    for place in [&one, &two] {
        let (code, _, stderr) = place.run(&at_server);
        assert_eq!(code, 0, "{stderr}");
    }
    assert_eq!(one.table(), two.table());
    let here =
        |place: &Place| place.records().iter().filter(|record| record["made"]["machine"].is_string()).count();
    assert!(here(&one) + here(&two) >= 4, "each run was made somewhere");
    let alone = Place::with(SMALL);
    assert_eq!(alone.run(&[]).0, 0);
    assert_eq!(alone.table(), one.table());
}

#[test]
fn a_lost_machines_run_can_be_taken_over() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start());
    let uri = server.uri();
    let text = SMALL.replace("seeds = 2", "seeds = 1").replace("\"8k\"", "\"40k\"");
    let (lost, other) = (Place::with(&text), Place::with(&text));
    let at_server = ["--server", &uri, "--jobs", "1"];
    let process = lost.begin(&at_server);
    while !lost.folder.path().join("work/runs/stump-tracks-default-random-1/checkpoint.json").exists() {
        thread::sleep(Duration::from_millis(5));
    }
    kill(process);
    let (code, stdout, stderr) = other.run(&at_server);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("Other machines are at stump-tracks-default-random-1"), "{stdout}");
    assert!(stdout.contains("--take-over"), "{stdout}");
    let (code, _, stderr) = other.run(&[&at_server[..], &["--take-over"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let alone = Place::with(&text);
    assert_eq!(alone.run(&[]).0, 0);
    assert_eq!(alone.table(), other.table());
}

#[test]
fn one_run_that_fails_holds_up_no_other() {
    let place = Place::with(
        &SMALL.replace("hidden", "learning_rate = 1e18, hidden").replace("seeds = 2", "seeds = 1"),
    );
    let (code, stdout, stderr) = place.run(&[]);
    assert_eq!(code, 1, "{stderr}");
    for run in ["stump-tracks-default-random-1", "stump-tracks-default-often-1"] {
        assert!(stdout.contains(&format!("{run} could not go on: the learner diverged")), "{stdout}");
    }
}

#[test]
fn what_must_be_mended_is_told_before_anything_happens() {
    for (from, to, expected) in [
        ("seeds = 2", "seeds = 0", "small.toml: seeds: there is none"),
        ("title", "titel", "did you mean \"title\"?"),
        ("walkers = 64", "walkers = 65", "student: walkers is 65: give a multiple of 64"),
        ("fit_rate", "fit_rat", "teachers: often: unknown field `fit_rat`"),
    ] {
        let place = Place::with(&SMALL.replacen(from, to, 1));
        let (code, stdout, stderr) = place.run(&[]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(expected), "{to}: {stderr}");
        assert_eq!(fs::read_dir(place.folder.path()).unwrap().count(), 1, "nothing but the file");
    }
    let place = Place::with(SMALL);
    let (code, _, stderr) = place.run(&["--take-over"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("--server"), "{stderr}");
    fs::remove_file(&place.file).unwrap();
    let (code, _, stderr) = place.run(&[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("small.toml cannot be read"), "{stderr}");
}

#[test]
fn records_of_another_experiment_are_not_taken_for_its_own() {
    let place = Place::with(&SMALL.replace("seeds = 2", "seeds = 1"));
    assert_eq!(place.run(&[]).0, 0);
    fs::write(&place.file, SMALL.replace("hidden", "entropy = 0.5, hidden")).unwrap();
    let (code, _, stderr) = place.run(&[]);
    assert_eq!(code, 2);
    assert!(stderr.contains("settings.ppo.entropy is 0.005 there and 0.5 here"), "{stderr}");
    let record = place.results().join("runs/stump-tracks-default-random-1.json");
    fs::write(&record, "{}").unwrap();
    let (code, _, stderr) = place.run(&["--only-report"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("is no record of this release"), "{stderr}");
}

/// The files that come with Magister, and the records that are kept of them.
#[test]
fn the_bundled_experiments_can_be_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/results");
    let mut seen = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|ending| ending != "toml") {
            continue;
        }
        seen += 1;
        let results = tempfile::tempdir().unwrap();
        let kept = file.with_extension("").join("runs");
        if kept.exists() {
            fs::create_dir_all(results.path().join("runs")).unwrap();
            for record in fs::read_dir(&kept).unwrap() {
                let record = record.unwrap();
                fs::copy(record.path(), results.path().join("runs").join(record.file_name())).unwrap();
            }
        }
        let output = binary()
            .arg("experiment")
            .arg(&file)
            .args(["--only-report", "--results"])
            .arg(results.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
        assert!(page(results.path()).starts_with("# "), "{}", file.display());
    }
    assert!(seen >= 6, "{seen} files in {}", folder.display());
}
