//! Where the next task will lie, over a grid.

use magister_proto::v1;
use serde::Serialize;

use crate::{
    curriculum::Curriculum,
    distribution::{Axis, read_axes},
    error::Error,
};

/// Where the next task will lie, over a grid of one or two axes; the others are summed over.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Density {
    /// Accepted episodes at this moment.
    pub episodes: u64,
    /// One or two, in the order asked for.
    pub axes: Vec<DensityAxis>,
    /// Probability that the next task lies in a cell, row by row, the first axis slowest; all together 1. What a
    /// Gaussian would draw beyond the space is clipped to it, and so lies in the outermost cells.
    pub probabilities: Vec<f64>,
}

/// One axis of a grid.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DensityAxis {
    /// Which.
    pub axis: Axis,
    /// Borders of the cells, in the units of the parameters, lowest first: one more than cells. Of an integer axis:
    /// numbers with one half.
    pub borders: Vec<f64>,
}

/// Of when a density is wanted and how fine; what is left alone asks for now, in the server's default of cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DensityOptions {
    /// As of this fit, from 1, instead of now.
    pub fit: Option<u64>,
    /// Along each axis, up to 200; 0: the server's default of 50. An integer axis of fewer values has a cell for each.
    pub cells: u32,
}

impl DensityAxis {
    /// Cells along it.
    pub fn cells(&self) -> usize {
        self.borders.len() - 1
    }
}

impl Curriculum {
    /// Where the next task will lie, over one axis or two different ones by name: `height`, or `sizes[3]` of a vector.
    ///
    /// # Errors
    /// [`Error::UnknownAxis`]; [`Error::Refused`] with reason [`Reason::InvalidRequest`](crate::Reason::InvalidRequest)
    /// for another number of axes, or [`Reason::FitNotFound`](crate::Reason::FitNotFound).
    pub async fn density(&self, axes: &[&str], options: DensityOptions) -> Result<Density, Error> {
        let known = read_axes(self.distribution_wire(0).await?.axes);
        let request = v1::GetDensityRequest {
            curriculum: self.name().to_owned(),
            fit: options.fit.unwrap_or(0),
            axes: axes.iter().map(|name| axis_index(&known, name)).collect::<Result<_, _>>()?,
            cells: options.cells,
        };
        let asked = request.axes.clone();
        let density = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.get_density(request).await })
            .await?;
        read_density(&known, &asked, density)
    }
}

/// Index of the axis of this name.
fn axis_index(axes: &[Axis], name: &str) -> Result<u32, Error> {
    let found = (0..).zip(axes).find(|(_, axis)| axis.name() == name);
    found.map(|(index, _)| index).ok_or_else(|| Error::UnknownAxis {
        name: name.to_owned(),
        has: axes.iter().map(Axis::name).collect(),
    })
}

fn read_density(known: &[Axis], asked: &[u32], density: v1::Density) -> Result<Density, Error> {
    if !density.borders.iter().map(|borders| borders.axis).eq(asked.iter().copied()) {
        return Err(Error::Answer("a density has other axes than asked for"));
    }
    let axes: Vec<DensityAxis> = density
        .borders
        .into_iter()
        .filter(|borders| borders.values.len() > 1)
        .filter_map(|borders| {
            Some(DensityAxis { axis: known.get(borders.axis as usize)?.clone(), borders: borders.values })
        })
        .collect();
    let cells: usize = axes.iter().map(DensityAxis::cells).product();
    if axes.len() != asked.len() || density.probabilities.len() != cells {
        return Err(Error::Answer("a density has another size than its grid"));
    }
    Ok(Density { episodes: density.episodes, axes, probabilities: density.probabilities })
}

#[cfg(test)]
mod tests {
    use v1::{density::Borders, task_distribution as wire};

    use super::*;

    fn axes() -> Vec<Axis> {
        let axis = |dimension: &str, element| wire::Axis {
            dimension: dimension.to_owned(),
            element,
            ..Default::default()
        };
        read_axes(vec![axis("height", None), axis("sizes", Some(0)), axis("sizes", Some(1))])
    }

    #[test]
    fn axes_are_found_by_name() {
        assert_eq!(axis_index(&axes(), "height").unwrap(), 0);
        assert_eq!(axis_index(&axes(), "sizes[1]").unwrap(), 2);
        for unknown in ["sizes", "sizes[2]", "heigth", ""] {
            let error = axis_index(&axes(), unknown).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the task space has no axis {unknown:?}; it has height, sizes[0], sizes[1]")
            );
        }
    }

    #[test]
    fn a_density_is_read_with_its_grid() {
        let answer = || v1::Density {
            curriculum: "curricula/walker".to_owned(),
            episodes: 300,
            borders: vec![
                Borders { axis: 2, values: vec![0.5, 1.5, 2.5] },
                Borders { axis: 0, values: vec![0.0, 1.0, 2.0, 3.0] },
            ],
            probabilities: vec![0.1, 0.2, 0.3, 0.0, 0.25, 0.15],
        };
        let density = read_density(&axes(), &[2, 0], answer()).unwrap();
        assert_eq!(density.episodes, 300);
        let grid: Vec<(String, usize)> =
            density.axes.iter().map(|axis| (axis.axis.name(), axis.cells())).collect();
        assert_eq!(grid, [("sizes[1]".to_owned(), 2), ("height".to_owned(), 3)]);
        assert_eq!(density.axes[0].borders, [0.5, 1.5, 2.5]);
        assert_eq!(density.probabilities, answer().probabilities);

        let fewer = v1::Density { probabilities: vec![1.0], ..answer() };
        let without_cells = v1::Density {
            borders: vec![Borders { axis: 2, values: vec![] }, Borders { axis: 0, values: vec![0.0, 1.0] }],
            probabilities: vec![1.0],
            ..answer()
        };
        for (asked, broken) in [([2, 0], fewer), ([2, 0], without_cells), ([0, 2], answer())] {
            let read = read_density(&axes(), &asked, broken);
            assert!(matches!(read, Err(Error::Answer(_))), "{read:?}");
        }
    }
}
