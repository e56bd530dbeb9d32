use super::*;
use crate::random::{Purpose, stream};

fn network() -> (Mlp, Vec<f32>) {
    let mlp = Mlp::new(5, &[7, 6], 3);
    let parameters = mlp.first_parameters(1.0, &mut stream(1, Purpose::Weights, 0));
    (mlp, parameters)
}

fn fill(pass: &mut Pass, rows: usize, columns: usize) {
    let mut generator = stream(2, Purpose::Noise, 0);
    let values = Array2::from_shape_simple_fn((rows, columns), || StandardNormal.sample(&mut generator));
    pass.inputs(rows).assign(&values);
}

#[test]
fn first_weights_are_orthogonal() {
    for (rows, columns) in [(3, 3), (2, 5), (6, 4), (64, 24)] {
        let matrix = orthogonal(rows, columns, &mut stream(3, Purpose::Weights, 0));
        let product = if rows <= columns { matrix.dot(&matrix.t()) } else { matrix.t().dot(&matrix) };
        for ((row, column), value) in product.indexed_iter() {
            let expected = if row == column { 1.0 } else { 0.0 };
            assert!((value - expected).abs() < 1e-12, "{rows}x{columns}: {product}");
        }
    }
}

#[test]
fn outputs_are_those_of_the_formula() {
    let (mlp, parameters) = network();
    let mut pass = Pass::new(&mlp, 4);
    fill(&mut pass, 4, 5);
    let inputs = pass.values[0].mapv(f64::from);
    let mut expected = inputs;
    for (layer, (weights, biases)) in mlp.parts(&parameters).enumerate() {
        expected = expected.dot(&weights.mapv(f64::from).t()) + biases.mapv(f64::from);
        if layer < 2 {
            expected.mapv_inplace(f64::tanh);
        }
    }
    let found = mlp.forward(&parameters, &mut pass);
    for (found, expected) in found.iter().zip(&expected) {
        assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} {expected}");
    }
}

#[test]
fn an_output_does_not_depend_on_the_batch() {
    let mlp = Mlp::new(24, &[64, 64], 4);
    let parameters = mlp.first_parameters(1.0, &mut stream(1, Purpose::Weights, 0));
    let mut pass = Pass::new(&mlp, 200);
    fill(&mut pass, 200, 24);
    let inputs = pass.values[0].clone();
    let all = mlp.forward(&parameters, &mut pass).to_owned();
    for rows in [1, 2, 7, 50, 64, 128] {
        for begin in [0, 3, 71] {
            let mut part = Pass::new(&mlp, rows);
            part.inputs(rows).assign(&inputs.slice(s![begin..begin + rows, ..]));
            let found = mlp.forward(&parameters, &mut part);
            let expected = all.slice(s![begin..begin + rows, ..]);
            let equal = found.iter().zip(&expected).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(equal, "{rows} rows from {begin}");
        }
    }
}

#[test]
fn gradients_are_those_of_differences() {
    let (mlp, mut parameters) = network();
    let mut pass = Pass::new(&mlp, 9);
    fill(&mut pass, 9, 5);
    // The sum of the outputs' squares, halved: its gradient with respect to them is they themselves.
    let loss = |parameters: &[f32], pass: &mut Pass| -> f64 {
        mlp.forward(parameters, pass).iter().map(|&value| 0.5 * f64::from(value) * f64::from(value)).sum()
    };
    loss(&parameters, &mut pass);
    let (outputs, mut gradient) = pass.outputs_and_gradient();
    gradient.assign(&outputs);
    let mut found = vec![0.0; mlp.parameter_count()];
    mlp.backward(&parameters, &mut pass, &mut found);
    const STEP: f32 = 1e-2;
    for index in 0..parameters.len() {
        let kept = parameters[index];
        parameters[index] = kept + STEP;
        let above = loss(&parameters, &mut pass);
        parameters[index] = kept - STEP;
        let below = loss(&parameters, &mut pass);
        parameters[index] = kept;
        let expected = (above - below) / (2.0 * f64::from(STEP));
        let difference = (f64::from(found[index]) - expected).abs();
        assert!(difference < 2e-3 * expected.abs().max(1.0), "{index}: {} {expected}", found[index]);
    }
}
