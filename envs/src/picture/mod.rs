//! Pictures of the walkers: frames and animations without a display and without the system's fonts.
//!
//! A [`Scene`] is a plain value: the scenery, the outlines of the bodies, the lidar and what the caption says. [`Scene::of`]
//! makes one of a walker. [`frame`] draws a scene as the camera sees it, [`track`] a whole track in rows, and [`Animation`]
//! writes many scenes as GIF, APNG or MP4. Whoever draws other things finds the fonts here too ([`svg_path`]), and [`write_gif`]
//! for pictures of any origin.
//!
//! Lengths are metres, x to the right and y upwards, until a camera turns them into pixels. Everything on a picture is
//! measured in its width, so that a larger picture shows the same with finer lines.
//!
//! Left out on purpose: what moves the walker, and what captions say. Who plays an episode makes the scenes.

mod animation;
mod camera;
mod canvas;
mod color;
mod error;
#[cfg(test)]
mod fixture;
mod frame;
mod gif;
mod image;
mod mp4;
mod png;
mod scale;
mod scene;
mod scenery;
mod text;
mod track;
mod walker;
mod world;

pub use animation::{Animation, AnimationFormat, FrameRate};
pub use camera::View;
pub use error::PictureError;
pub use frame::frame;
pub use gif::{Frames, write_gif};
pub use image::{Image, Size};
pub use scene::{Body, Caption, LidarRay, Role, Scene, Side};
pub use scenery::Scenery;
pub use text::{Font, svg_path, width as text_width};
pub use track::track;
