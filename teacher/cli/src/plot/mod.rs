//! Pictures of curricula: plain values in, SVG out.
//!
//! [`Picture`] is a task distribution at one moment, [`Curve`] something over episodes, [`Grid`] a value over two axes,
//! [`LearningCurves`] what students learned under several teachers.
//! Each draws itself for a [`Medium`]: a file of its own, a page that holds it, or pixels, which [`raster`] makes of
//! it. There is one drawing for all of them.
//!
//! Left out on purpose: where the values come from. Lengths are pixels, downwards from the upper left corner.

mod axis;
mod boxes;
mod color;
mod curve;
mod ellipse;
mod grid;
mod learning;
mod matrix;
mod panel;
mod parallel;
mod picture;
mod raster;
mod strip;
mod svg;
#[cfg(test)]
mod tests;

pub(crate) use axis::{Axis, Scale};
pub(crate) use boxes::{NUMBERED, OUTLINED, PlotBox};
pub(crate) use color::{Range, page_colors};
pub(crate) use curve::{Between, Curve, CurvePoint};
pub(crate) use grid::Grid;
pub(crate) use learning::{Learned, LearningCurves};
pub(crate) use picture::{Measure, Picture, PlotComponent, PlotPoint};
pub(crate) use raster::{Scaling, image};
pub(crate) use svg::{Medium, escaped};
