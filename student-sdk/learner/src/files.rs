//! Files that are there as a whole or not at all.

use crate::error::LearnerError;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Writes a file so that whatever happens meanwhile there is either the old one or the new one.
///
/// # Errors
/// [`LearnerError::File`]; the old file is untouched then.
pub fn replace(path: &Path, contents: &[u8]) -> Result<(), LearnerError> {
    let failed = |error: std::io::Error| LearnerError::File {
        path: path.to_owned(),
        problem: format!("cannot be written: {error}"),
    };
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new: PathBuf = path.with_file_name(name);
    let mut file = File::create(&new).map_err(failed)?;
    file.write_all(contents).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&new, path).map_err(failed)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // So that the new name outlives a power cut.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_file_is_replaced_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for text in ["one", "two"] {
            replace(&path, text.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let message = replace(Path::new("/nowhere/at/all"), b"").unwrap_err().to_string();
        assert!(message.starts_with("/nowhere/at/all: cannot be written"), "{message}");
    }
}
