//! k-means clustering, the start of every fit of the EM engine.
//!
//! Greedy k-means++ seeding (Arthur & Vassilvitskii 2007, with 2 + ⌊ln k⌋ trials a seed), then Lloyd's
//! iterations with relocation of empty clusters: the algorithm and the settings of scikit-learn's
//! `KMeans(n_init=1)`, from which the publication's mixtures start.

use super::columns::{Columns, LANES, Lanes, sum};
use super::elementary::{ln, uniform};
use rand::Rng;

/// Most iterations.
const MAX_ITERATIONS: usize = 300;
/// Lloyd stops when the centres' squared movement is at most this share of the mean variance of the
/// dimensions.
const TOLERANCE: f64 = 1e-4;

/// Assigns each point to one of `clusters` clusters; the result holds a label below `clusters` for each
/// point.
///
/// Clusters may stay empty where there are fewer distinct points than clusters. The mean of the points must
/// be zero.
pub(super) fn cluster(columns: &Columns, clusters: usize, rng: &mut dyn Rng) -> Vec<usize> {
    let mut lloyd = Lloyd::new(columns, seeds(columns, clusters, rng));
    let variances = (0..columns.width()).map(|dimension| {
        let column = columns.column(dimension);
        super::columns::dot(column, column) / columns.points() as f64
    });
    let tolerance = TOLERANCE * variances.sum::<f64>() / columns.width() as f64;
    for _ in 0..MAX_ITERATIONS {
        let changed = lloyd.assign();
        let movement = lloyd.update();
        if !changed {
            return lloyd.labels;
        }
        if movement <= tolerance {
            break;
        }
    }
    lloyd.assign();
    lloyd.labels
}

/// Picks the centres to start from: each next one among a few candidates drawn by squared distance, the
/// candidate that leaves the least total distance.
fn seeds(columns: &Columns, clusters: usize, rng: &mut dyn Rng) -> Vec<f64> {
    let trials = 2 + ln(clusters as f64) as usize;
    let mut centres = Vec::with_capacity(clusters * columns.width());
    let first = ((uniform(rng) * columns.points() as f64) as usize).min(columns.points() - 1);
    centres.extend(point(columns, first));
    let mut closest = vec![[f64::MAX; LANES]; columns.blocks()];
    let mut potential = distances(columns, &centres, &mut closest);
    let mut trial_closest = closest.clone();
    let mut best_closest = closest.clone();
    for _ in 1..clusters {
        let mut best: Option<(f64, usize)> = None;
        for _ in 0..trials {
            let candidate = draw(columns, &closest, uniform(rng) * potential);
            let centre: Vec<f64> = point(columns, candidate).collect();
            trial_closest.copy_from_slice(&closest);
            let trial_potential = distances(columns, &centre, &mut trial_closest);
            if best.is_none_or(|(least, _)| trial_potential < least) {
                best = Some((trial_potential, candidate));
                std::mem::swap(&mut best_closest, &mut trial_closest);
            }
        }
        let (least, chosen) = best.expect("there are at least two trials");
        potential = least;
        std::mem::swap(&mut closest, &mut best_closest);
        centres.extend(point(columns, chosen));
    }
    centres
}

/// The first point at which the running sum of squared distances reaches `threshold`.
fn draw(columns: &Columns, closest: &[Lanes], threshold: f64) -> usize {
    let mut running = 0.0;
    for index in 0..columns.points() {
        running += closest[index / LANES][index % LANES];
        if running >= threshold {
            return index;
        }
    }
    columns.points() - 1
}

/// Lowers `closest` to the squared distance to `centre` where that is smaller; returns the new total.
fn distances(columns: &Columns, centre: &[f64], closest: &mut [Lanes]) -> f64 {
    for (block, least) in closest.iter_mut().enumerate() {
        let distance = squared_distance(columns, block, centre);
        for lane in 0..LANES {
            least[lane] = if distance[lane] < least[lane] { distance[lane] } else { least[lane] };
        }
    }
    columns.clear_filling(closest);
    sum(closest)
}

#[inline(always)]
fn squared_distance(columns: &Columns, block: usize, centre: &[f64]) -> Lanes {
    let mut distance = [0.0; LANES];
    for (dimension, coordinate) in centre.iter().enumerate() {
        let values = &columns.column(dimension)[block];
        for lane in 0..LANES {
            let difference = values[lane] - coordinate;
            distance[lane] += difference * difference;
        }
    }
    distance
}

fn point(columns: &Columns, index: usize) -> impl Iterator<Item = f64> + '_ {
    (0..columns.width()).map(move |dimension| columns.column(dimension)[index / LANES][index % LANES])
}

/// The state of Lloyd's iterations.
struct Lloyd<'a> {
    columns: &'a Columns,
    centres: Vec<f64>,
    labels: Vec<usize>,
    /// Each point's squared distance to the centre of its label.
    distances: Vec<f64>,
    sums: Vec<f64>,
    counts: Vec<f64>,
}

impl<'a> Lloyd<'a> {
    fn new(columns: &'a Columns, centres: Vec<f64>) -> Self {
        let clusters = centres.len() / columns.width();
        Self {
            columns,
            sums: vec![0.0; centres.len()],
            centres,
            labels: vec![clusters; columns.points()],
            distances: vec![0.0; columns.points()],
            counts: vec![0.0; clusters],
        }
    }

    /// Labels every point with its nearest centre, the first of equals; tells whether any label changed.
    fn assign(&mut self) -> bool {
        let mut changed = false;
        for block in 0..self.columns.blocks() {
            let mut least = [f64::MAX; LANES];
            let mut nearest = [0.0; LANES];
            for (cluster, centre) in self.centres.chunks_exact(self.columns.width()).enumerate() {
                let distance = squared_distance(self.columns, block, centre);
                for lane in 0..LANES {
                    nearest[lane] = if distance[lane] < least[lane] { cluster as f64 } else { nearest[lane] };
                    least[lane] = if distance[lane] < least[lane] { distance[lane] } else { least[lane] };
                }
            }
            let start = block * LANES;
            for (lane, label) in self.labels[start..].iter_mut().take(LANES).enumerate() {
                let new = nearest[lane] as usize;
                changed |= *label != new;
                *label = new;
                self.distances[start + lane] = least[lane];
            }
        }
        changed
    }

    /// Moves every centre to the mean of its points; returns the sum of the squared movements.
    fn update(&mut self) -> f64 {
        let width = self.columns.width();
        self.counts.fill(0.0);
        self.sums.fill(0.0);
        for (index, &label) in self.labels.iter().enumerate() {
            self.counts[label] += 1.0;
            for (dimension, sum) in self.sums[label * width..][..width].iter_mut().enumerate() {
                *sum += self.columns.column(dimension)[index / LANES][index % LANES];
            }
        }
        self.relocate_empty_clusters();
        let mut fullest = 0;
        for (cluster, &count) in self.counts.iter().enumerate() {
            if count > self.counts[fullest] {
                fullest = cluster;
            }
        }
        let mut movement = 0.0;
        for cluster in 0..self.counts.len() {
            // A cluster that is still empty joins the fullest one.
            let from = if self.counts[cluster] > 0.0 { cluster } else { fullest };
            for dimension in 0..width {
                let coordinate = self.sums[from * width + dimension] / self.counts[from];
                let centre = &mut self.centres[cluster * width + dimension];
                movement += (coordinate - *centre) * (coordinate - *centre);
                *centre = coordinate;
            }
        }
        movement
    }

    /// Gives each empty cluster one of the points farthest from their centres.
    fn relocate_empty_clusters(&mut self) {
        let width = self.columns.width();
        let empty: Vec<usize> =
            (0..self.counts.len()).filter(|&cluster| self.counts[cluster] < 1.0).collect();
        if empty.is_empty() || self.distances.iter().all(|&distance| distance <= 0.0) {
            return;
        }
        let mut farthest: Vec<usize> = (0..self.labels.len()).collect();
        farthest.sort_by(|&a, &b| self.distances[b].total_cmp(&self.distances[a]));
        for (&cluster, &index) in empty.iter().zip(&farthest) {
            let former = self.labels[index];
            self.counts[former] -= 1.0;
            self.counts[cluster] = 1.0;
            for (dimension, value) in point(self.columns, index).enumerate() {
                self.sums[former * width + dimension] -= value;
                self.sums[cluster * width + dimension] = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn labels(points: &Array2<f64>, clusters: usize, seed: u64) -> Vec<usize> {
        let order: Vec<usize> = (0..points.nrows()).collect();
        let origin = super::super::columns::mean_point(points.view());
        let columns = Columns::new(points.view(), &order, &origin);
        cluster(&columns, clusters, &mut ChaCha8Rng::seed_from_u64(seed))
    }

    #[test]
    fn separate_groups_are_found() {
        let points = Array2::from_shape_fn((40, 2), |(i, j)| {
            (i / 10) as f64 * 10.0 * (1.0 - 2.0 * j as f64) + 0.1 * ((i * 7 + j * 3) % 10) as f64
        });
        for seed in 0..10 {
            let labels = labels(&points, 4, seed);
            for group in labels.chunks(10) {
                assert!(group.iter().all(|label| label == &group[0]), "{labels:?}");
            }
        }
    }

    #[test]
    fn fewer_distinct_points_than_clusters_leave_clusters_empty() {
        let equal = labels(&Array2::from_elem((17, 3), 0.3), 5, 1);
        assert!(equal.iter().all(|&label| label < 5));
        let two_values = labels(&Array2::from_shape_fn((17, 3), |(i, _)| (i % 2) as f64), 5, 1);
        assert_eq!(two_values[0], two_values[2]);
        assert_ne!(two_values[0], two_values[1]);
    }

    #[test]
    fn as_many_clusters_as_points_are_told_apart() {
        let points = Array2::from_shape_fn((9, 2), |(i, j)| (i * i + j) as f64);
        let mut found = labels(&points, 9, 3);
        found.sort_unstable();
        assert_eq!(found, (0..9).collect::<Vec<_>>());
    }
}
