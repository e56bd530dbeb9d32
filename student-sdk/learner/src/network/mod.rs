//! Multilayer perceptrons: fully connected layers with tanh between them and a linear last one.
//!
//! A network is a shape ([`Mlp`]) over a flat list of parameters that its owner keeps: for each layer the weights, one row for each
//! output, then the biases. That is how the optimiser, the checks of gradients and files want them. A network's
//! output for one input is the same to the bit in whatever batch it stands.

mod adam;
mod tanh;

pub(crate) use adam::Adam;

use core::fmt;
use ndarray::{
    Array2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, linalg::general_mat_mul, s,
};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use tanh::tanh;

/// The shape of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mlp {
    /// Numbers of inputs, of each hidden layer's outputs, of outputs.
    sizes: Vec<usize>,
}

/// Memory for passes of up to so many rows through one network.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    rows: usize,
    /// Inputs, then each layer's outputs.
    values: Vec<Array2<f32>>,
    /// The gradient of each layer's outputs, in the places of `values`; none for the inputs.
    gradients: Vec<Array2<f32>>,
}

impl Mlp {
    /// Layers between inputs, hidden ones and outputs.
    pub(crate) fn new(inputs: usize, hidden: &[usize], outputs: usize) -> Self {
        let sizes = [inputs].iter().chain(hidden).chain(&[outputs]).copied().collect();
        Self { sizes }
    }

    pub(crate) fn inputs(&self) -> usize {
        self.sizes[0]
    }

    pub(crate) fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Inputs and outputs of each layer.
    pub(crate) fn layers(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + ExactSizeIterator {
        self.sizes.windows(2).map(|ends| (ends[0], ends[1]))
    }

    /// How many parameters it has.
    pub(crate) fn parameter_count(&self) -> usize {
        self.layers().map(|(inputs, outputs)| (inputs + 1) * outputs).sum()
    }

    /// First parameters: orthogonal weights (Saxe et al., 2014) with gain √2, the last layer's with `last_gain`; biases 0.
    pub(crate) fn first_parameters(&self, last_gain: f64, generator: &mut ChaCha8Rng) -> Vec<f32> {
        let mut parameters = Vec::with_capacity(self.parameter_count());
        let last = self.layers().len() - 1;
        for (layer, (inputs, outputs)) in self.layers().enumerate() {
            let gain = if layer == last { last_gain } else { core::f64::consts::SQRT_2 };
            parameters
                .extend(orthogonal(outputs, inputs, generator).iter().map(|weight| (gain * weight) as f32));
            parameters.extend(core::iter::repeat_n(0.0, outputs));
        }
        parameters
    }

    /// The outputs for the inputs that are in `pass`, one row for each.
    pub(crate) fn forward<'a>(&self, parameters: &[f32], pass: &'a mut Pass) -> ArrayView2<'a, f32> {
        let rows = pass.rows;
        let last = self.layers().len() - 1;
        for (layer, (weights, biases)) in self.parts(parameters).enumerate() {
            let (before, after) = pass.values.split_at_mut(layer + 1);
            let inputs = before[layer].slice(s![..rows, ..]);
            let mut outputs = after[0].slice_mut(s![..rows, ..]);
            outputs.assign(&biases.insert_axis(Axis(0)));
            general_mat_mul(1.0, &inputs, &weights.t(), 1.0, &mut outputs);
            if layer != last {
                tanh(outputs.into_slice().expect("whole rows of memory in standard order"));
            }
        }
        pass.values[last + 1].slice(s![..rows, ..])
    }

    /// Adds to `gradient` what follows for the parameters from the gradient of the outputs in `pass`, which has just been through
    /// [`Mlp::forward`] with the same parameters.
    pub(crate) fn backward(&self, parameters: &[f32], pass: &mut Pass, gradient: &mut [f32]) {
        let rows = pass.rows;
        let layers = self.layers().len();
        let weights: Vec<_> = self.parts(parameters).map(|(weights, _)| weights).collect();
        let mut end = self.parameter_count();
        for (layer, (inputs, outputs)) in self.layers().enumerate().rev() {
            let begin = end - (inputs + 1) * outputs;
            let (weight_part, bias_part) = gradient[begin..end].split_at_mut(inputs * outputs);
            end = begin;
            let (before, after) = pass.gradients.split_at_mut(layer + 1);
            let mut of_outputs = after[0].slice_mut(s![..rows, ..]);
            if layer != layers - 1 {
                let values = pass.values[layer + 1].slice(s![..rows, ..]);
                of_outputs.zip_mut_with(&values, |part, &value| *part *= 1.0 - value * value);
            }
            let mut weight_part =
                ArrayViewMut2::from_shape((outputs, inputs), weight_part).expect("a layer's weights");
            let of_outputs = of_outputs.view();
            general_mat_mul(
                1.0,
                &of_outputs.t(),
                &pass.values[layer].slice(s![..rows, ..]),
                1.0,
                &mut weight_part,
            );
            ArrayViewMut1::from(bias_part)
                .zip_mut_with(&of_outputs.sum_axis(Axis(0)), |sum, part| *sum += part);
            if layer > 0 {
                let mut of_inputs = before[layer].slice_mut(s![..rows, ..]);
                general_mat_mul(1.0, &of_outputs, &weights[layer], 0.0, &mut of_inputs);
            }
        }
    }

    /// Weights (a row for each output) and biases of each layer.
    pub(crate) fn parts<'a>(
        &self,
        parameters: &'a [f32],
    ) -> impl Iterator<Item = (ArrayView2<'a, f32>, ArrayView1<'a, f32>)> {
        let mut rest = parameters;
        self.layers().map(move |(inputs, outputs)| {
            let (weights, after) = rest.split_at(inputs * outputs);
            let (biases, after) = after.split_at(outputs);
            rest = after;
            let weights = ArrayView2::from_shape((outputs, inputs), weights).expect("a layer's weights");
            (weights, ArrayView1::from(biases))
        })
    }
}

impl fmt::Display for Mlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        f.write_str(&sizes.join("-"))
    }
}

impl Pass {
    /// Memory for up to so many rows.
    pub(crate) fn new(mlp: &Mlp, most_rows: usize) -> Self {
        let memory = || mlp.sizes.iter().map(|&size| Array2::zeros((most_rows, size)));
        Self { rows: 0, values: memory().collect(), gradients: memory().collect() }
    }

    /// Where so many rows of inputs go.
    pub(crate) fn inputs(&mut self, rows: usize) -> ArrayViewMut2<'_, f32> {
        self.rows = rows;
        self.values[0].slice_mut(s![..rows, ..])
    }

    /// The last outputs, and where their gradient goes.
    pub(crate) fn outputs_and_gradient(&mut self) -> (ArrayView2<'_, f32>, ArrayViewMut2<'_, f32>) {
        let last = self.values.len() - 1;
        let rows = s![..self.rows, ..];
        (self.values[last].slice(rows), self.gradients[last].slice_mut(rows))
    }
}

/// A matrix whose rows or columns, whichever are fewer, are orthonormal and evenly distributed.
fn orthogonal(rows: usize, columns: usize, generator: &mut ChaCha8Rng) -> Array2<f64> {
    let (count, length) = (rows.min(columns), rows.max(columns));
    let mut vectors =
        Array2::from_shape_simple_fn((count, length), || StandardNormal.sample(&mut *generator));
    for index in 0..count {
        // Twice: what rounding leaves of the first time is gone after the second.
        for _ in 0..2 {
            for other in 0..index {
                let (before, mut rest) = vectors.view_mut().split_at(Axis(0), index);
                let (other, mut vector) = (before.row(other), rest.row_mut(0));
                let share: f64 = vector.dot(&other);
                vector.scaled_add(-share, &other);
            }
        }
        let mut vector = vectors.row_mut(index);
        let length = vector.dot(&vector).sqrt();
        vector /= length;
    }
    if rows <= columns { vectors } else { vectors.reversed_axes().as_standard_layout().into_owned() }
}

#[cfg(test)]
mod tests;
