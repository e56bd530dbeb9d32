//! `magister inspect`, `explain` and `completions`.

use std::{
    io::{BufRead, BufReader, Lines},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

use super::server::Server;

#[test]
fn what_the_teacher_samples_from_is_shown() {
    let server = Server::start();
    server.create("walker");
    let before = server.run(&["inspect", "walker"]).done();
    assert_eq!(
        before,
        "walker\nactive, 0 episodes, 0 tasks handed out, 0 of them open, 0 fits\n\n\
         The teacher draws every task uniformly from the space.\n\n\
         There is no fit yet: the first may fall due after 20 episodes.\n"
    );
    server.play("walker", 150);
    let after = server.run(&["inspect", "walker"]).done();
    for expected in [
        "walker\nactive, 150 episodes, 150 tasks handed out, 0 of them open, 7 fits\n",
        "The teacher explores with 20 % of its tasks and draws the others from the mixture of fit 7:",
        "  component  weight  mean ALP   odds  ",
        "  (mean ± standard deviation; mean ×÷ factor where the scale is logarithmic)",
        "The last fits:",
        "  fit  due at episode  in effect at  components",
    ] {
        assert!(after.contains(expected), "{expected:?} is missing in:\n{after}");
    }
    let fits: Vec<&str> = after.lines().skip_while(|line| !line.starts_with("  fit ")).skip(1).collect();
    assert_eq!(fits.len(), 5, "{after}");
    assert!(fits[4].starts_with("    7             140           140  "), "{after}");
    assert!(fits[4].ends_with(" ms"), "{after}");
    let widths: Vec<usize> = fits.iter().map(|line| line.chars().count()).collect();
    assert!(widths.iter().all(|&width| width == widths[0]), "{after}");

    let json = server.run(&["inspect", "walker", "--json"]).json();
    assert_eq!(json["curriculum"], server.run(&["curriculum", "show", "walker", "--json"]).json());
    assert_eq!(json["fits"].as_array().unwrap().len(), 5);
    assert_eq!((&json["fits"][4]["number"], &json["fits"][4]["due_episode"]), (&json!(7), &json!(140)));
    let distribution = &json["distribution"];
    assert_eq!(distribution["exploration_probability"], 0.2);
    assert_eq!(
        (&distribution["shape"]["kind"], &distribution["shape"]["fit"]),
        (&json!("mixture"), &json!(7))
    );
    assert_eq!(distribution["axes"][1]["dimension"], "rate");
    assert_eq!(distribution["axes"][1]["log_scaled"], true);
    let components = distribution["shape"]["components"].as_array().unwrap();
    let odds: f64 = components.iter().map(|component| component["odds"].as_f64().unwrap()).sum();
    assert!((odds - 1.0).abs() < 1e-9, "{distribution}");
    let rows = after.lines().filter(|line| line.contains(" ×÷ ") && !line.contains("mean")).count();
    assert_eq!(rows, components.len(), "{after}");
    for component in components {
        let variance = component["covariance"][0][0].as_f64().unwrap();
        let deviation = component["standard_deviations"][0].as_f64().unwrap();
        assert!((deviation * deviation - variance).abs() < 1e-9);
        assert!(component["mean"]["height"].is_number(), "{component}");
    }

    let earlier = server.run(&["inspect", "walker", "--fit", "2"]).done();
    assert!(
        earlier.contains("As of episode 40:\n") && earlier.contains("the mixture of fit 2:"),
        "{earlier}"
    );
    let missing = server.run(&["inspect", "walker", "--fit", "99"]).failed(1);
    assert!(missing.contains("no finished fit 99"), "{missing}");
}

#[test]
fn regions_a_window_and_covariances_are_shown() {
    let server = Server::start();
    server.create_of("riac", &["riac"]);
    let before = server.run(&["inspect", "riac"]).done();
    assert!(before.contains("draws every task uniformly from the space."), "{before}");
    assert!(before.ends_with("RIAC cuts regions and never fits.\n"), "{before}");
    server.play("riac", 450);
    let after = server.run(&["inspect", "riac"]).done();
    let json = server.run(&["inspect", "riac", "--json"]).json();
    let shape = &json["distribution"]["shape"];
    assert_eq!((&shape["kind"], &shape["mutation_probability"]), (&json!("regions"), &json!(0.1)));
    let regions = shape["regions"].as_array().unwrap();
    assert_eq!((&regions[0]["parent"], &regions[1]["parent"]), (&Value::Null, &json!(0)));
    let odds: f64 = regions.iter().map(|region| region["odds"].as_f64().unwrap()).sum();
    assert!((odds - 1.0).abs() < 1e-9, "{shape}");
    let leaves = regions.iter().filter(|region| region["leaf"] == true).count();
    for expected in [
        "explores with 20 % of its tasks, mutates the worst task of a region for 10 %, and draws\n",
        &format!("It has {} regions, {leaves} of them leaves", regions.len()),
        "  region       episodes",
    ] {
        assert!(after.contains(expected), "{expected:?} is missing in:\n{after}");
    }
    assert!(after.lines().all(|line| line.chars().count() <= 100), "{after}");
    let task = server.run(&["explain", "riac", "450"]).done();
    assert!(!task.contains("ALP"), "a task of RIAC's has no ALP of its own: {task}");

    server.create_of("oracle", &["oracle", "--window-step=0.1,-0.1"]);
    let window = server.run(&["inspect", "oracle"]).done();
    for expected in [
        "every task uniformly from its window:",
        "  height     0.000 to 0.500",
        "  rate           0.215 to 1",
    ] {
        assert!(window.contains(expected), "{expected:?} is missing in:\n{window}");
    }
    assert!(window.ends_with("The Oracle moves its window and never fits.\n"), "{window}");
    let json = server.run(&["inspect", "oracle", "--json"]).json();
    assert_eq!(json["distribution"]["shape"]["kind"], "window");
    assert_eq!(json["distribution"]["shape"]["low"][0], 0.0);

    server.create_of("covar", &["covar-gmm"]);
    server.play("covar", 300);
    let covar = server.run(&["inspect", "covar"]).done();
    assert!(covar.contains("  component  weight  covariance   odds") && !covar.contains("ALP"), "{covar}");
    let drawn = (276..=300).find_map(|task| {
        let told = server.run(&["explain", "covar", &task.to_string()]).done();
        told.contains("Drawn from component").then_some(told)
    });
    let drawn = drawn.expect("most are drawn from components");
    assert!(drawn.contains("whose covariance of time and return was") && !drawn.contains("ALP"), "{drawn}");
}

#[test]
fn many_dimensions_and_long_names_stay_within_a_hundred_columns() {
    let server = Server::start();
    let long = "a_name_as_long_as_names_may_be_so_that_nothing_but_this_is_seen";
    let dimension = format!("{long}=int:1:5");
    let fits = ["--fit-rate", "20", "--fit-lag-episodes", "0", "--seed", "1"];
    server.create_with("hexagon", &[&["-d", "poly_shape[12]=0:4", "-d", &dimension], &fits[..]].concat());
    server.play("hexagon", 60);
    let shown = server.run(&["inspect", "hexagon"]).done();
    assert!(shown.contains("poly_shape[0]") && shown.contains("poly_shape[11]"), "{shown}");
    assert!(shown.contains("a_name_as_lo…his_is_seen"), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
    assert!(shown.matches("  component  ").count() >= 3, "{shown}");
    let random = ["curriculum", "create", "random", "-d", "x=0:1", "--teacher", "random"];
    server.run(&random).done();
    assert!(server.run(&["inspect", "random"]).done().ends_with("Random never fits.\n"));
}

/// A command that goes on, and its lines.
struct Watching {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watching {
    fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Reads on until a line with this.
    fn wait_for(&mut self, text: &str) {
        for line in &mut self.lines {
            if line.unwrap().contains(text) {
                return;
            }
        }
        panic!("it ended before {text:?}");
    }

    /// Sends a signal and gives the exit code and standard error.
    fn stop(self, signal: &str) -> (Option<i32>, String) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        drop(self.lines);
        let ended = self.process.wait_with_output().unwrap();
        (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
    }
}

#[test]
fn a_watch_shows_each_fit_and_ends_on_a_signal() {
    let server = Server::start();
    server.create("walker");
    let mut watching = Watching::start(&mut server.command(&["inspect", "walker", "--watch"]));
    watching.wait_for("draws every task uniformly");
    server.play("walker", 25);
    watching.wait_for("the mixture of fit 1:");
    server.play("walker", 25);
    watching.wait_for("the mixture of fit 2:");
    assert_eq!(watching.stop("-INT"), (Some(0), String::new()));

    let mut watching = Watching::start(&mut server.command(&["inspect", "walker", "--watch", "--json"]));
    let mut next = || serde_json::from_str::<Value>(&watching.lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["fit"]["number"], 2);
    server.play("walker", 15);
    let third = next();
    assert_eq!((&third["fit"]["number"], &third["distribution"]["shape"]["fit"]), (&json!(3), &json!(3)));
    assert_eq!(watching.stop("-TERM"), (Some(0), String::new()));
}

#[test]
fn a_watch_ends_with_its_curriculum() {
    let server = Server::start();
    server.create("walker");
    let mut watching = Watching::start(&mut server.command(&["inspect", "walker", "--watch"]));
    watching.wait_for("draws every task uniformly");
    server.run(&["curriculum", "delete", "walker", "--yes"]).done();
    let ended = watching.process.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert!(stderr.contains("there is no curriculum \"walker\""), "{stderr}");
}

#[test]
fn tasks_are_explained() {
    let server = Server::start();
    server.create("walker");
    server.play("walker", 60);
    let first = server.run(&["explain", "walker", "1"]).done();
    for expected in [
        "curricula/walker/tasks/1\nDrawn uniformly: the bootstrap was not over.",
        "  state       completed\n",
        " UTC to student someone, worker worker-1, after 0 episodes\n",
        "  came of it  episode 1: return 0, ",
        ", 100 steps",
    ] {
        assert!(first.contains(expected), "{expected:?} is missing in:\n{first}");
    }
    assert_eq!(server.run(&["explain", "curricula/walker/tasks/1"]).done(), first);

    let all: Vec<Value> = (41..=60)
        .map(|task| server.run(&["explain", "walker", &task.to_string(), "--json"]).json())
        .collect();
    let drawn = all.iter().find(|task| task["origin"]["kind"] == "component").expect("most are");
    let number = drawn["task"].as_str().unwrap().rsplit('/').next().unwrap();
    for field in ["weight", "odds", "mean_alp", "standard_deviations"] {
        assert!(!drawn["component"][field].is_null(), "{drawn}");
    }
    assert_eq!(drawn["episode"]["task"], drawn["task"]);
    assert!(drawn["nearest"]["number"].as_u64() < drawn["episode"]["number"].as_u64(), "{drawn}");
    let drawn = server.run(&["explain", "walker", number]).done();
    for expected in
        ["Drawn from component ", "  component   weight 0.", "  nearest     episode ", ", at distance "]
    {
        assert!(drawn.contains(expected), "{expected:?} is missing in:\n{drawn}");
    }
    let titles = drawn.lines().find(|line| line.starts_with("  dimension ")).unwrap();
    let titles: Vec<&str> = titles.split("  ").map(str::trim).filter(|title| !title.is_empty()).collect();
    assert_eq!(titles, ["dimension", "this task", "component", "nearest before"], "{drawn}");

    for (arguments, code, expected) in [
        (&["walker", "61"][..], 1, "`magister curriculum show walker` says how many"),
        (&["walker"], 2, "name the task as curricula/NAME/tasks/NUMBER, or as NAME NUMBER"),
        (&["curricula/walker/tasks/x"], 2, "\"x\" is no number of a task"),
        (&["walker", "x"], 2, "invalid digit"),
    ] {
        let stderr = server.run(&[&["explain"], arguments].concat()).failed(code);
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
}

#[test]
fn shells_get_their_completions() {
    let server = Server::start();
    for (shell, expected) in [
        ("bash", "complete -F _magister"),
        ("zsh", "#compdef magister"),
        ("fish", "complete -c magister"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[magister]"),
    ] {
        let script = server.run(&["completions", shell]).done();
        assert!(script.contains(expected) && script.contains("random-task-ratio"), "{shell}: {script}");
    }
    let unknown = server.run(&["completions", "tcsh"]).failed(2);
    assert!(unknown.contains("possible values: bash"), "{unknown}");
}
