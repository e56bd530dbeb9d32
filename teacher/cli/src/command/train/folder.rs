//! The folder of a run: what it was begun with stands in it before its first call, so that whatever happens later it can be told
//! from another.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use magister_learner::{Policy, replace_file};
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

const RUN: &str = "run.json";
const START: &str = "start.safetensors";

/// A run's folder, which no other process uses meanwhile.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    is_new: bool,
    /// Held as long as this is.
    _lock: File,
}

impl Folder {
    /// Makes it, or opens that of the same run.
    pub(crate) fn open(path: &Path, run: &impl Serialize, start: Option<&Policy>) -> Result<Self, Failure> {
        let lock = lock(path)?;
        let file = path.join(RUN);
        let is_new = !file.exists();
        if !is_new {
            let text = fs::read_to_string(&file).map_err(|error| failed("read", &file, &error))?;
            let there: Value =
                serde_json::from_str(&text).map_err(|error| failed("understood", &file, &error))?;
            let mut differences = differences(&there, run);
            let begun_with = fs::read(path.join(START)).ok();
            if begun_with != start.map(Policy::to_bytes) {
                differences.push("it was begun with another policy (--from)".to_owned());
            }
            if !differences.is_empty() {
                let problem = format!("{} holds another run: {}", path.display(), differences.join("; "));
                return Err(Failure::usage(problem).hint("give the same settings, or another --folder"));
            }
        }
        Ok(Self { path: path.to_owned(), is_new, _lock: lock })
    }

    /// Whether no run was begun in it yet.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new
    }

    /// Writes down what is begun, if it is new.
    pub(crate) fn begin(&self, run: &impl Serialize, start: Option<&Policy>) -> Result<(), Failure> {
        if !self.is_new {
            return Ok(());
        }
        if let Some(policy) = start {
            policy.save(&self.path.join(START)).map_err(super::failure)?;
        }
        let text = serde_json::to_string_pretty(run).map_err(|error| Failure::failed(&error.into()))?;
        replace_file(&self.path.join(RUN), text.as_bytes()).map_err(super::failure)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the checkpoint of a run that is over and whose result is kept elsewhere: it is large.
    pub(crate) fn remove_checkpoint(&self) -> Result<(), Failure> {
        let checkpoint = self.checkpoint();
        fs::remove_file(&checkpoint).map_err(|error| failed("removed", &checkpoint, &error))
    }

    /// The store of the run's own server.
    pub(crate) fn server(&self) -> PathBuf {
        self.path.join("server")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.path.join("checkpoint.json")
    }

    pub(crate) fn policy(&self) -> PathBuf {
        self.path.join("policy.safetensors")
    }
}

/// Makes a folder if there is none, and keeps other processes from it as long as what is given back is there.
pub(crate) fn lock(path: &Path) -> Result<File, Failure> {
    fs::create_dir_all(path).map_err(|error| failed("made", path, &error))?;
    let lock_path = path.join("lock");
    let lock = File::create(&lock_path).map_err(|error| failed("made", &lock_path, &error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            let problem = format!("another process trains in {}", path.display());
            Err(Failure::usage(problem).hint("wait for it, or give another --folder"))
        }
        Err(TryLockError::Error(error)) => Err(failed("locked", &lock_path, &error)),
    }
}

/// Where two documents differ, a sentence each.
pub(crate) fn differences(there: &impl Serialize, here: &impl Serialize) -> Vec<String> {
    const PLAIN: &str = "plain values can be written";
    let there = serde_json::to_value(there).expect(PLAIN);
    let here = serde_json::to_value(here).expect(PLAIN);
    let mut differences = Vec::new();
    differences_of("", &there, &here, &mut differences);
    differences
}

fn failed(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("{} cannot be {what}: {error}", path.display()))
}

/// Where two documents differ, as `settings.steps is 5 there and 7 here`.
fn differences_of(place: &str, there: &Value, here: &Value, into: &mut Vec<String>) {
    match (there, here) {
        (Value::Object(there), Value::Object(here)) => {
            let names = there.keys().chain(here.keys().filter(|name| !there.contains_key(*name)));
            for name in names {
                let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                let value = |object: &serde_json::Map<String, Value>| {
                    object.get(name).cloned().unwrap_or(Value::Null)
                };
                differences_of(&inner, &value(there), &value(here), into);
            }
        }
        _ if there == here => {}
        _ => into.push(format!("{place} is {there} there and {here} here")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_folder_is_one_runs() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("runs/a");
        let run = json!({ "settings": { "steps": 1000, "entropy": 0.0 }, "server": null });
        let folder = Folder::open(&path, &run, None).unwrap();
        assert!(folder.is_new());
        let in_use = format!("{:?}", Folder::open(&path, &run, None).unwrap_err());
        assert!(in_use.contains("another process trains"), "{in_use}");
        folder.begin(&run, None).unwrap();
        drop(folder);
        assert!(!Folder::open(&path, &run, None).unwrap().is_new());
        let other = json!({ "settings": { "steps": 1000, "entropy": 0.5 }, "server": "http://there" });
        let refused = format!("{:?}", Folder::open(&path, &other, None).unwrap_err());
        assert!(refused.contains("settings.entropy is 0.0 there and 0.5 here"), "{refused}");
        assert!(refused.contains("server is null there and"), "{refused}");
    }
}
