//! Flat: ground without obstacles.
//!
//! The reference has no such track (its generator fails without obstacles); the flat one of its recorded trajectories is
//! 199 edges of one terrain step, and so is this.

use super::{START_HEIGHT_M, TERRAIN_STEP_M, TERRAIN_STEPS, Track, TrackError, built};

pub(super) fn build() -> Result<Track, TrackError> {
    let ground: Vec<_> =
        (0..TERRAIN_STEPS).map(|step| [f64::from(step) * TERRAIN_STEP_M, START_HEIGHT_M]).collect();
    built(Vec::new(), &ground)
}

#[cfg(test)]
mod tests {
    use super::super::tests::ground;
    use super::*;
    use crate::physics::Vec2;

    #[test]
    fn points_lie_where_the_reference_has_them() {
        let ground = ground(&build().unwrap());
        assert_eq!(ground.len(), 200);
        // From the recorded flat trajectories.
        let points =
            [(0, 0.0), (1, 0.466_666_67), (3, 1.4), (196, 91.466_67), (197, 91.933_334), (199, 92.866_67)];
        for (index, x) in points {
            assert_eq!(ground[index], Vec2::new(x, 3.333_333_3), "point {index}");
        }
    }
}
