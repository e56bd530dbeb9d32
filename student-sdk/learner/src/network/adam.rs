//! Adam: steps along a gradient whose size adapts to each parameter.

use serde::{Deserialize, Serialize};

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-5;

/// The state of Adam (Kingma and Ba, 2015) over one list of parameters: decay rates 0.9 and 0.999, ε 1e-5.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Adam {
    first_moments: Vec<f32>,
    second_moments: Vec<f32>,
    steps: u64,
}

impl Adam {
    /// Before the first step over so many parameters.
    pub(crate) fn new(count: usize) -> Self {
        Self { first_moments: vec![0.0; count], second_moments: vec![0.0; count], steps: 0 }
    }

    /// How many parameters it is for.
    pub(crate) fn count(&self) -> usize {
        self.first_moments.len()
    }

    pub(crate) fn is_finite(&self) -> bool {
        self.first_moments.iter().chain(&self.second_moments).all(|moment| moment.is_finite())
    }

    /// Takes a step against `gradient`, which is shortened to `longest` first if it is longer.
    ///
    /// # Panics
    /// If the lengths differ.
    pub(crate) fn step(
        &mut self,
        parameters: &mut [f32],
        gradient: &mut [f32],
        longest: f32,
        learning_rate: f32,
    ) {
        assert_eq!((parameters.len(), gradient.len()), (self.count(), self.count()));
        let length = gradient.iter().map(|&part| f64::from(part) * f64::from(part)).sum::<f64>().sqrt();
        if length > f64::from(longest) {
            let share = (f64::from(longest) / length) as f32;
            gradient.iter_mut().for_each(|part| *part *= share);
        }
        self.steps += 1;
        let unbiased = |decay: f32| (1.0 - f64::from(decay).powf(self.steps as f64)) as f32;
        let (first_share, second_share) = (unbiased(FIRST_DECAY), unbiased(SECOND_DECAY));
        let moments = self.first_moments.iter_mut().zip(&mut self.second_moments);
        for ((parameter, &mut part), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
            *first = FIRST_DECAY * *first + (1.0 - FIRST_DECAY) * part;
            *second = SECOND_DECAY * *second + (1.0 - SECOND_DECAY) * part * part;
            *parameter -=
                learning_rate * (*first / first_share) / ((*second / second_share).sqrt() + EPSILON);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_length_of_the_learning_rate() {
        let mut parameters = [1.0, -2.0, 3.0];
        Adam::new(3).step(&mut parameters, &mut [0.3, -0.1, 0.0], 10.0, 0.01);
        for (found, expected) in parameters.into_iter().zip([0.99_f32, -1.99, 3.0]) {
            assert!((found - expected).abs() < 1e-5, "{parameters:?}");
        }
    }

    #[test]
    fn a_bowl_is_descended() {
        let mut parameters = [3.0, -4.0];
        let mut adam = Adam::new(2);
        for _ in 0..2000 {
            let mut gradient = [2.0 * (parameters[0] - 1.0), 20.0 * (parameters[1] - 2.0)];
            adam.step(&mut parameters, &mut gradient, 0.5, 0.01);
        }
        assert!((parameters[0] - 1.0).abs() < 1e-3 && (parameters[1] - 2.0).abs() < 1e-3, "{parameters:?}");
    }

    #[test]
    fn long_gradients_are_shortened() {
        let mut gradient = [30.0, 40.0];
        Adam::new(2).step(&mut [0.0, 0.0], &mut gradient, 0.5, 0.01);
        assert!((gradient[0] - 0.3).abs() < 1e-6 && (gradient[1] - 0.4).abs() < 1e-6, "{gradient:?}");
    }
}
