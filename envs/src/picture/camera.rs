//! From metres to pixels.

use super::{error::PictureError, image::Size, scenery::Scenery};
use crate::physics::Vec2;

/// How much of a track a frame shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    width_m: f32,
}

impl View {
    /// The narrowest view, metres.
    pub const LEAST_M: f32 = 4.0;
    /// The widest view, metres.
    pub const MOST_M: f32 = 200.0;

    /// A view of this many metres from left to right.
    ///
    /// # Errors
    /// If it is narrower than [`View::LEAST_M`] or wider than [`View::MOST_M`].
    pub fn new(width_m: f32) -> Result<Self, PictureError> {
        if (Self::LEAST_M..=Self::MOST_M).contains(&width_m) {
            Ok(Self { width_m })
        } else {
            Err(PictureError::View { width_m, least: Self::LEAST_M, most: Self::MOST_M })
        }
    }
}

impl Default for View {
    /// 14 m: the walker large, and all that its lidar sees.
    fn default() -> Self {
        Self { width_m: 14.0 }
    }
}

/// Where the hull is in a frame, as a share of the width: more is seen of what comes than of what was.
const HULL_FROM_LEFT: f32 = 0.36;
/// Where the ground is in a frame, as a share of the height.
const GROUND_FROM_BOTTOM: f32 = 0.25;
/// How far around the hull the ground's height is averaged, metres: the camera glides over rough ground.
const GLIDE_M: f32 = 5.0;
/// What is seen beyond the track's ends, metres.
const BEYOND_M: f32 = 1.0;

/// A place of metres among pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Camera {
    left_px: f32,
    bottom_px: f32,
    px_per_m: f32,
    height_px: f32,
}

impl Camera {
    /// The camera that keeps a place near the middle, without looking far beyond the ends of the track.
    ///
    /// It moves by whole pixels, so that what stands still on the track looks the same in every frame.
    pub(crate) fn following(place: Vec2, scenery: &Scenery, view: View, size: Size) -> Self {
        let px_per_m = size.width_px() as f32 / view.width_m;
        let (start, end) = scenery.reach;
        let most_left = (end + BEYOND_M - view.width_m).max(start - BEYOND_M);
        let left = (place.x - HULL_FROM_LEFT * view.width_m).clamp(start - BEYOND_M, most_left);
        let ground = scenery.mean_height(place.x - GLIDE_M, place.x + GLIDE_M).unwrap_or(place.y);
        let height_m = size.height_px() as f32 / px_per_m;
        Self::new(left, ground - GROUND_FROM_BOTTOM * height_m, px_per_m, size.height_px() as f32)
    }

    /// The camera whose lower left corner is at a place, in metres.
    pub(crate) fn new(left_m: f32, bottom_m: f32, px_per_m: f32, height_px: f32) -> Self {
        Self {
            left_px: (left_m * px_per_m).round(),
            bottom_px: (bottom_m * px_per_m).round(),
            px_per_m,
            height_px,
        }
    }

    /// Pixels from the left and from the top.
    pub(crate) fn place(&self, point: Vec2) -> (f32, f32) {
        (point.x * self.px_per_m - self.left_px, self.height_px - (point.y * self.px_per_m - self.bottom_px))
    }

    pub(crate) fn px_per_m(&self) -> f32 {
        self.px_per_m
    }

    /// The first and last x that a picture of a width shows, metres.
    pub(crate) fn shown_m(&self, width_px: f32) -> (f32, f32) {
        (self.left_px / self.px_per_m, (self.left_px + width_px) / self.px_per_m)
    }
}
