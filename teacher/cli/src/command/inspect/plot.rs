//! `magister inspect --plot`: the task distribution as a picture.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use magister_student::{AlpGmm, Curriculum, CurriculumInfo, Fit, Teacher};

use crate::{
    failure::Failure,
    moment::{self, Coding, ColourBy, Moment},
    plot::{Medium, Scaling, image},
};

/// Pixels of a PNG for each of the drawing's, where no width is asked for: so that it can be read on every screen.
const SHARPNESS: f32 = 2.0;

/// A picture's file; its ending says which kind.
#[derive(Clone, Debug)]
pub(crate) struct PictureFile {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Svg,
    Png,
}

impl PictureFile {
    /// Reads the ending.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let path = PathBuf::from(text);
        let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
        let kind = match ending.as_deref() {
            Some("svg") => Kind::Svg,
            Some("png") => Kind::Png,
            _ => return Err("end the name in .svg or .png".to_owned()),
        };
        Ok(Self { path, kind })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Which moment is drawn, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawn {
    /// As of this fit instead of now.
    pub(crate) fit: Option<u64>,
    /// Most episodes, of the latest.
    pub(crate) points: u32,
    /// What their colours say.
    pub(crate) colour_by: Option<ColourBy>,
    /// Width of a PNG, pixels.
    pub(crate) width_px: Option<u32>,
}

/// Draws the picture and writes it.
pub(crate) async fn write(curriculum: &Curriculum, file: &PictureFile, drawn: Drawn) -> Result<(), Failure> {
    let info = curriculum.describe().await?;
    let moment = match drawn.fit {
        None => {
            let distribution = curriculum.distribution().await?;
            let points = moment::latest(curriculum, distribution.episodes, drawn.points).await?;
            Moment { distribution, points }
        }
        Some(fit) => of_fit(curriculum, &info, fit).await?,
    };
    let picture = moment.picture(&info, &Coding::of([&moment], drawn.colour_by));
    let written = match file.kind {
        Kind::Svg => fs::write(&file.path, picture.draw(Medium::File)).map_err(|error| error.to_string()),
        Kind::Png => {
            let image = image(&picture.draw(Medium::Pixels), Scaling::to(drawn.width_px, SHARPNESS))?;
            return image.write(&file.path).map_err(|error| Failure::usage(error.to_string()));
        }
    };
    written.map_err(|error| Failure::usage(format!("{} cannot be written: {error}", file.path.display())))
}

/// The distribution as of a fit, with the episodes of its window.
async fn of_fit(curriculum: &Curriculum, info: &CurriculumInfo, number: u64) -> Result<Moment, Failure> {
    let distribution = curriculum.distribution_of_fit(number).await?;
    let mut pages = curriculum.fits_after(number.saturating_sub(2));
    let fits = pages.next().await?.unwrap_or_default();
    let before = fits.iter().find(|fit| fit.number + 1 == number);
    let Some(fit) = fits.iter().find(|fit| fit.number == number) else {
        return Ok(Moment { distribution, points: Vec::new() });
    };
    let first = window_start(info, before, fit);
    Ok(Moment { distribution, points: moment::between(curriculum, first, fit.due_episode).await? })
}

/// Number of the first episode in a fit's window: it ends where the fit fell due, and reaches back to the fit before, the
/// first one as far as windows are long.
pub(crate) fn window_start(info: &CurriculumInfo, before: Option<&Fit>, fit: &Fit) -> u64 {
    let length = match (before, &info.teacher) {
        (Some(before), _) => fit.due_episode.saturating_sub(before.due_episode),
        (
            None,
            Some(
                Teacher::AlpGmm(AlpGmm { fit_rate: Some(fit_rate), .. })
                | Teacher::CovarGmm(AlpGmm { fit_rate: Some(fit_rate), .. }),
            ),
        ) => u64::from(*fit_rate),
        _ => fit.due_episode,
    };
    fit.due_episode.saturating_sub(length.max(1)) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_says_what_is_drawn() {
        for (name, kind) in [
            ("a.svg", Some(Kind::Svg)),
            ("folder.x/A.SVG", Some(Kind::Svg)),
            ("a.b.png", Some(Kind::Png)),
            ("a.jpg", None),
            ("svg", None),
            ("a.", None),
            ("", None),
        ] {
            assert_eq!(PictureFile::parse(name).ok().map(|file| file.kind), kind, "{name}");
        }
    }
}
