//! Animations as MP4: frames go to the program ffmpeg, which compresses them.

use super::{animation::Animation, error::PictureError};
use std::{
    ffi::OsStr,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
};

/// Has `ffmpeg` write the file. It is written under another name first and then renamed.
pub(crate) fn write(animation: &Animation<'_>, path: &Path, ffmpeg: &OsStr) -> Result<(), PictureError> {
    let part = part_of(path);
    let mut process = Command::new(ffmpeg)
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(["-f", "rawvideo", "-pixel_format", "rgba"])
        .args(["-video_size", &format!("{}x{}", animation.size().width_px(), animation.size().height_px())])
        .args(["-framerate", &animation.rate().frames_per_second().to_string(), "-i", "pipe:0"])
        // Players want even sides and colours at half the resolution.
        .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"])
        .args(["-c:v", "libx264", "-crf", "20", "-movflags", "+faststart", "-f", "mp4"])
        .arg(&part)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => PictureError::NoFfmpeg,
            _ => PictureError::Ffmpeg { path: path.to_owned(), message: error.to_string() },
        })?;
    let mut frames = process.stdin.take().expect("its input is a pipe");
    let mut complaints = process.stderr.take().expect("its errors are a pipe");
    // Read meanwhile: a full pipe of complaints would stop it.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let _ = complaints.read_to_string(&mut text);
        text
    });
    // If it ends early, its complaint says more than the broken pipe.
    let sent = (0..animation.len()).try_for_each(|index| frames.write_all(animation.image(index).rgba()));
    drop(frames);
    let ended = process.wait();
    let complaint = reader.join().unwrap_or_default();
    let failed = |message: String| {
        let _ = fs::remove_file(&part);
        Err(PictureError::Ffmpeg { path: path.to_owned(), message })
    };
    match (ended, sent) {
        (Ok(status), Ok(())) if status.success() => {}
        (Ok(status), _) if complaint.trim().is_empty() => return failed(format!("it ended with {status}")),
        (Ok(_), _) => return failed(complaint.trim().to_owned()),
        (Err(error), _) => return failed(error.to_string()),
    }
    fs::rename(&part, path).map_err(|source| {
        let _ = fs::remove_file(&part);
        PictureError::Write { path: path.to_owned(), source }
    })
}

/// The name under which a file is written until it is whole.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::picture::{FrameRate, Size, View, fixture};
    use std::os::unix::fs::PermissionsExt;

    /// What comes of two frames of 300 x 200 pixels and a program that runs `script` in the place of ffmpeg, and the
    /// names and contents of the files that are there then.
    fn written_by(script: Option<&str>) -> (Result<(), PictureError>, Vec<(String, String)>) {
        let programs = tempfile::tempdir().unwrap();
        let ffmpeg = programs.path().join("ffmpeg");
        if let Some(script) = script {
            fs::write(&ffmpeg, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&ffmpeg, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let scenes = [fixture::scene(8.0), fixture::scene(9.0)];
        let size = Size::new(300, 200).unwrap();
        let animation = Animation::new(&scenes, View::default(), size, FrameRate::default()).unwrap();
        let result = write(&animation, &folder.path().join("walk.mp4"), ffmpeg.as_os_str());
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap().trim().to_owned())
        });
        (result, files.collect())
    }

    #[test]
    fn ffmpeg_gets_every_pixel_and_the_size() {
        let script = r#"for last; do :; done; echo "$(wc -c) $*" > "$last""#;
        let (result, files) = written_by(Some(script));
        result.unwrap();
        let [(name, said)] = &files[..] else { panic!("{files:?}") };
        assert_eq!(name, "walk.mp4");
        assert!(said.starts_with(&format!("{} ", 2 * 300 * 200 * 4)), "{said}");
        for expected in ["-video_size 300x200", "-framerate 25 ", "-pixel_format rgba"] {
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn without_ffmpeg_the_error_names_what_else_can_be_done() {
        let (result, files) = written_by(None);
        assert_eq!(
            result.unwrap_err().to_string(),
            "writing .mp4 needs the program ffmpeg, which is not in PATH: install it, or write a .gif or .png instead"
        );
        assert_eq!(files, []);
    }

    #[test]
    fn what_ffmpeg_complains_of_is_told_and_nothing_is_left() {
        for (script, expected) in [
            (
                "cat > /dev/null; for last; do :; done; echo half > \"$last\"; echo no codec >&2; exit 1",
                "no codec",
            ),
            ("cat > /dev/null; exit 3", "exit status: 3"),
            ("echo unreadable >&2; exit 1", "unreadable"),
        ] {
            let (result, files) = written_by(Some(script));
            let error = result.unwrap_err().to_string();
            assert!(error.contains("walk.mp4: ") && error.contains(expected), "{error}");
            assert_eq!(files, [], "{script}");
        }
    }
}
