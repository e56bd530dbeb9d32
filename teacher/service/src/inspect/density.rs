//! Where the next task will lie, over a grid.

use magister_core::density::{Grid, GridAxis, GridError};
use magister_proto::v1;

use super::distribution;
use crate::{
    error::{Invalid, ServiceError},
    owner::Owner,
    wire,
};

/// Cells along an axis, where the request leaves them open.
const CELLS: u32 = 50;

/// Sums up what tasks are drawn from over a grid.
pub(crate) async fn density(
    owner: &Owner,
    request: v1::GetDensityRequest,
) -> Result<v1::Density, ServiceError> {
    let cells = if request.cells == 0 { CELLS } else { request.cells };
    let grid = Grid::new(&owner.charter().settings.space, &request.axes, cells).map_err(refused)?;
    let dated = distribution(owner, request.fit).await?;
    let borders = grid.axes().iter().map(write_borders).collect();
    // Fine grids take a while.
    let probabilities = tokio::task::spawn_blocking(move || grid.probabilities(&dated.distribution))
        .await
        .map_err(|error| ServiceError::Internal(error.to_string()))?;
    Ok(v1::Density {
        curriculum: wire::names::of_curriculum(owner.name()),
        episodes: dated.episodes,
        borders,
        probabilities,
    })
}

fn write_borders(axis: &GridAxis) -> v1::density::Borders {
    v1::density::Borders { axis: axis.axis(), values: axis.borders().to_vec() }
}

fn refused(error: GridError) -> ServiceError {
    let field = match error {
        GridError::Axes(_) | GridError::Twice(_) => "axes".to_owned(),
        GridError::NoAxis { index, .. } => format!("axes[{index}]"),
        GridError::Cells(_) => "cells".to_owned(),
    };
    ServiceError::invalid(Invalid::Request, field, error.to_string())
}
