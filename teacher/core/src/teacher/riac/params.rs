//! RIAC's parameters.

use serde::{Deserialize, Serialize};

use crate::teacher::{ParamError, within};

/// Parameters of RIAC; defaults are the publication's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RiacParams {
    /// Episodes that a region may hold: one more, and it is split; 8 to 10,000, default 200.
    pub region_size: u32,
    /// Cuts that are tried, of which the best is kept; 1 to 1,000, default 50.
    pub split_attempts: u32,
    /// Fewest episodes on either side of a cut, as a share of `region_size`; 0 to 0.5, default a twentieth.
    pub min_population: f64,
    /// Shortest side of a region as a share of the axis; 0 to 0.5, default a fifteenth.
    pub min_side: f64,
    /// Share of its oldest episodes that a region forgets when no cut is valid; above 0 to 1, default a quarter.
    pub discard_ratio: f64,
    /// Probability of a uniform task; 0 to 1, default 0.2.
    pub random_task_ratio: f64,
    /// Probability of a mutation of the worst task of a region; 0 to 1, default 0.1. What the two leave is for tasks
    /// that are uniform in a region.
    pub mutation_ratio: f64,
    /// Standard deviation of a mutation as a share of each axis; above 0 to 1, default 0.1.
    pub mutation_deviation: f64,
}

impl Default for RiacParams {
    fn default() -> Self {
        Self {
            region_size: 200,
            split_attempts: 50,
            min_population: 1.0 / 20.0,
            min_side: 1.0 / 15.0,
            discard_ratio: 0.25,
            random_task_ratio: 0.2,
            mutation_ratio: 0.1,
            mutation_deviation: 0.1,
        }
    }
}

impl RiacParams {
    /// Checks every parameter.
    ///
    /// # Errors
    /// [`ParamError`] for the first parameter out of its range or against another.
    pub fn check(&self) -> Result<(), ParamError> {
        within("region_size", self.region_size, 8, 10_000)?;
        within("split_attempts", self.split_attempts, 1, 1_000)?;
        share("min_population", self.min_population, 0.0, 0.5)?;
        share("min_side", self.min_side, 0.0, 0.5)?;
        share("discard_ratio", self.discard_ratio, f64::MIN_POSITIVE, 1.0)?;
        share("random_task_ratio", self.random_task_ratio, 0.0, 1.0)?;
        share("mutation_ratio", self.mutation_ratio, 0.0, 1.0)?;
        share("mutation_deviation", self.mutation_deviation, f64::MIN_POSITIVE, 1.0)?;
        if self.random_task_ratio + self.mutation_ratio > 1.0 {
            let problem = format!(
                "is {}; with random_task_ratio, {}, it must not exceed 1",
                self.mutation_ratio, self.random_task_ratio
            );
            return Err(ParamError::new("mutation_ratio", problem));
        }
        Ok(())
    }

    /// Fewest episodes on either side of a cut.
    pub(super) fn least_population(&self) -> usize {
        ((f64::from(self.region_size) * self.min_population).round() as usize).max(1)
    }

    /// Episodes that a region forgets when no cut is valid.
    pub(super) fn discarded(&self) -> usize {
        ((f64::from(self.region_size) * self.discard_ratio) as usize).max(1)
    }
}

fn share(field: &'static str, value: f64, low: f64, high: f64) -> Result<(), ParamError> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let bounds = if low > 0.0 {
        format!("be above 0 and at most {high}")
    } else {
        format!("lie between 0 and {high}")
    };
    Err(ParamError::new(field, format!("is {value}; it must {bounds}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_is_refused_by_name() {
        let base = RiacParams::default;
        base().check().unwrap();
        for (field, params) in [
            ("region_size", RiacParams { region_size: 7, ..base() }),
            ("split_attempts", RiacParams { split_attempts: 0, ..base() }),
            ("min_population", RiacParams { min_population: 0.6, ..base() }),
            ("min_side", RiacParams { min_side: f64::NAN, ..base() }),
            ("discard_ratio", RiacParams { discard_ratio: 0.0, ..base() }),
            ("random_task_ratio", RiacParams { random_task_ratio: -0.1, ..base() }),
            ("mutation_ratio", RiacParams { mutation_ratio: 0.9, ..base() }),
            ("mutation_deviation", RiacParams { mutation_deviation: 0.0, ..base() }),
        ] {
            assert_eq!(params.check().unwrap_err().field, field, "{params:?}");
        }
    }
}
