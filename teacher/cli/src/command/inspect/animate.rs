//! `magister inspect --animate`: how the task distribution came along, a frame a fit.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use magister_envs::picture::{self, Image, Size, write_gif};
use magister_student::{Curriculum, CurriculumInfo, Teacher};

use super::plot::window_start;
use crate::{
    failure::Failure,
    moment::{self, Coding, ColourBy, Moment},
    output::ProgressLine,
    plot::{Medium, Picture, Scaling, image},
};

/// How long the last frame stays, hundredths of a second.
const LAST_FRAME_CS: u16 = 200;

/// Which frames are drawn, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frames {
    /// Most of them.
    pub(super) most: usize,
    /// How fast they follow one another.
    pub(super) per_second: u16,
    /// What colours say.
    pub(super) colour_by: Option<ColourBy>,
    /// Width, pixels.
    pub(super) width_px: Option<u32>,
}

/// Reads the file's name.
pub(super) fn read_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(OsStr::to_str);
    if ending.is_some_and(|ending| ending.eq_ignore_ascii_case("gif")) {
        Ok(path)
    } else {
        Err("end the name in .gif".to_owned())
    }
}

/// Draws the frames and writes the file.
pub(super) async fn write(curriculum: &Curriculum, file: &Path, frames: Frames) -> Result<(), Failure> {
    let info = curriculum.describe().await?;
    let line = ProgressLine::new();
    let moments = moments(curriculum, &info, frames.most, &line).await?;
    if moments.is_empty() {
        let why = match &info.teacher {
            Some(Teacher::Riac(_) | Teacher::Oracle(_) | Teacher::Random) => {
                "is of a teacher that makes no fits"
            }
            _ => "has no fit yet",
        };
        return Err(Failure::usage(format!("{} {why}: there is nothing to animate", info.id))
            .hint("--plot draws what is there"));
    }
    let coding = Coding::of(&moments, frames.colour_by);
    let pictures: Vec<Picture> = moments.iter().map(|moment| moment.picture(&info, &coding)).collect();
    let scaling = Scaling::to(frames.width_px, 1.0);
    let first = image(&pictures[0].draw(Medium::Pixels), scaling)?;
    let drawn =
        Drawn { pictures, size: first.size(), scaling, delay_cs: (100 / frames.per_second).max(2), line };
    write_gif(&drawn, file).map_err(|error| Failure::usage(error.to_string()))
}

/// The distribution as of each fit with the episodes of its window, or of as many fits as are wanted, the last one among them.
async fn moments(
    curriculum: &Curriculum,
    info: &CurriculumInfo,
    most: usize,
    line: &ProgressLine,
) -> Result<Vec<Moment>, Failure> {
    let mut moments = Vec::new();
    let mut before = None;
    let mut pages = curriculum.fits_after(0);
    while let Some(page) = pages.next().await? {
        for fit in page {
            // Fits that come meanwhile are not waited for.
            if is_kept(fit.number, info.fits, most as u64) {
                let first = window_start(info, before.as_ref(), &fit);
                let points = moment::between(curriculum, first, fit.due_episode).await?;
                // A fit that failed leaves the teacher to explore.
                if let Some(distribution) = fit.distribution.clone() {
                    moments.push(Moment { distribution, points });
                }
                line.show(&format!("read fit {} of {}", fit.number, info.fits));
            }
            before = Some(fit);
        }
    }
    Ok(moments)
}

/// Whether a fit is among so many that are evenly spread over all, up to the last.
pub(crate) fn is_kept(fit: u64, fits: u64, most: u64) -> bool {
    if fits <= most {
        return fit <= fits;
    }
    // In whole numbers: where another of the parts is full.
    fit <= fits && fit * most / fits > (fit - 1) * most / fits
}

/// Frames that are drawn when they are asked for.
struct Drawn {
    pictures: Vec<Picture>,
    size: Size,
    scaling: Scaling,
    delay_cs: u16,
    line: ProgressLine,
}

impl picture::Frames for Drawn {
    fn count(&self) -> usize {
        self.pictures.len()
    }

    fn size(&self) -> Size {
        self.size
    }

    fn image(&self, index: usize) -> Image {
        self.line.show(&format!("drawing frame {} of {}", index + 1, self.pictures.len()));
        image(&self.pictures[index].draw(Medium::Pixels), self.scaling)
            .expect("the first has been drawn, all have its size")
    }

    fn delay_cs(&self, index: usize) -> u16 {
        if index + 1 == self.pictures.len() { LAST_FRAME_CS } else { self.delay_cs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_are_left_out_evenly_and_the_last_is_kept() {
        for (fits, most, expected) in [
            (3, 200, vec![1, 2, 3]),
            (6, 3, vec![2, 4, 6]),
            (7, 3, vec![3, 5, 7]),
            (5, 1, vec![5]),
            (0, 5, vec![]),
        ] {
            let kept: Vec<u64> = (1..=fits + 2).filter(|&fit| is_kept(fit, fits, most)).collect();
            assert_eq!(kept, expected);
        }
        assert_eq!((1..=1000).filter(|&fit| is_kept(fit, 1000, 200)).count(), 200);
    }
}
