//! `magister serve` in a folder of its own, and the other commands against it.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use crate::binary;
use magister_student::{Client, Outcome};
use serde_json::Value;

/// The binary in a folder, where it finds its configuration.
pub(crate) fn magister(folder: &Path) -> Command {
    let mut command = binary();
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Standard output of a command that did what was asked.
    pub(crate) fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{}", self.stdout);
        self.stdout
    }

    /// Standard error of a command that did not.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.stderr);
        self.stderr
    }

    /// One line of JSON from a command that did what was asked.
    pub(crate) fn json(self) -> Value {
        let stdout = self.done();
        assert_eq!(stdout.lines().count(), 1, "{stdout}");
        serde_json::from_str(&stdout).unwrap()
    }

    /// `error` of the JSON of a command that did not.
    pub(crate) fn error(self, code: i32) -> Value {
        let stderr = self.failed(code);
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        serde_json::from_str::<Value>(&stderr).unwrap()["error"].take()
    }
}

/// A server of the real binary; it is killed when it is dropped.
pub(crate) struct Server {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) address: String,
    pub(crate) announced: [String; 2],
    process: Child,
}

impl Server {
    /// On a free port, over a folder of its own.
    pub(crate) fn start() -> Self {
        Self::start_with(|command, folder| {
            command.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.join("data"));
        })
    }

    pub(crate) fn start_with(arguments: impl Fn(&mut Command, &Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = magister(folder.path());
        arguments(&mut command, folder.path());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut announced = || lines.next().expect("the server starts").unwrap();
        let announced = [announced(), announced()];
        let address = announced[0].rsplit_once("http://").unwrap().1.to_owned();
        Self { folder, address, announced, process }
    }

    /// A command with the server's address, to be run in its folder.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = magister(self.folder.path());
        command.args(arguments).env("MAGISTER_SERVER", &self.address);
        command
    }

    /// Runs a command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Makes a curriculum of two dimensions that fits every 20 episodes at once.
    pub(crate) fn create(&self, name: &str) {
        let arguments = ["--fit-rate", "20", "--fit-lag-episodes", "0", "--seed", "3"];
        self.create_with(name, &[&["-d", "height=0:3", "-d", "rate=log:1e-4:1"], &arguments[..]].concat());
    }

    /// Makes a curriculum of the same two dimensions and another teacher.
    pub(crate) fn create_of(&self, name: &str, teacher: &[&str]) {
        let arguments = ["-d", "height=0:3", "-d", "rate=log:1e-4:1", "--seed", "3", "--teacher"];
        self.create_with(name, &[&arguments, teacher].concat());
    }

    pub(crate) fn create_with(&self, name: &str, arguments: &[&str]) {
        self.run(&[&["curriculum", "create", name], arguments].concat()).done();
    }

    /// Plays episodes one after another.
    pub(crate) fn play(&self, name: &str, episodes: u64) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let client = Client::connect(self.address.as_str()).await.unwrap();
            let curriculum = client.open(name).await.unwrap().on_behalf_of("someone", "worker-1");
            for episode in 0..episodes {
                let task = curriculum.ask().await.unwrap();
                let first = serde_json::to_value(task.parameters()).unwrap();
                let first = first.as_object().unwrap().values().next().unwrap().clone();
                let low = first.as_f64().or(first[0].as_f64()).unwrap() < 1.5;
                let return_ = if low { episode as f64 } else { 0.0 };
                curriculum.tell(&task, Outcome::completed(return_).length(100)).await.unwrap();
            }
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
