//! Lower Cholesky factors of small symmetric matrices, packed by rows, that never fail.
//!
//! A packed lower triangle holds entry (row, column), column ≤ row, at `row · (row + 1) / 2 + column`.

/// The number of entries of a packed lower triangle.
pub(crate) fn packed_len(width: usize) -> usize {
    width * (width + 1) / 2
}

/// Replaces a packed symmetric matrix by its lower Cholesky factor.
///
/// A pivot below `floor` (> 0) is raised to it and the rest of its column becomes zero: what the earlier
/// pivots left there is rounding. So a semi-definite matrix gets a factor, and no entry exceeds the root of
/// its row's diagonal by more than rounding.
pub(crate) fn factorise(matrix: &mut [f64], width: usize, floor: f64) {
    for row in 0..width {
        let (above, current) = matrix.split_at_mut(packed_len(row));
        for column in 0..row {
            let other = &above[packed_len(column)..][..=column];
            let mut residual = current[column];
            for (a, b) in current[..column].iter().zip(other) {
                residual -= a * b;
            }
            // A raised pivot is marked by its negative sign until the end.
            current[column] = if other[column] > 0.0 { residual / other[column] } else { 0.0 };
        }
        let mut pivot = current[row];
        for entry in &current[..row] {
            pivot -= entry * entry;
        }
        current[row] = if pivot >= floor { pivot.sqrt() } else { -floor.sqrt() };
    }
    for row in 0..width {
        let diagonal = &mut matrix[packed_len(row) + row];
        *diagonal = diagonal.abs();
    }
}

/// Writes the inverse of a packed lower factor into `inverse`, packed too.
pub(super) fn invert(factor: &[f64], inverse: &mut [f64], width: usize) {
    for row in 0..width {
        let (above, current) = inverse.split_at_mut(packed_len(row));
        let factor_row = &factor[packed_len(row)..][..=row];
        let pivot = 1.0 / factor_row[row];
        current[..row].fill(0.0);
        for (other, entry) in factor_row[..row].iter().enumerate() {
            let inverse_row = &above[packed_len(other)..][..=other];
            for (sum, value) in current.iter_mut().zip(inverse_row) {
                *sum += entry * value;
            }
        }
        for sum in &mut current[..row] {
            *sum *= -pivot;
        }
        current[row] = pivot;
    }
}

/// The floor for pivots of a matrix about which nothing is known: the rounding error of its largest diagonal
/// entry.
pub(crate) fn rounding_floor(matrix: &[f64], width: usize) -> f64 {
    let largest = (0..width).map(|row| matrix[packed_len(row) + row]).fold(0.0, f64::max);
    (largest * f64::EPSILON * width as f64).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(factor: &[f64], width: usize) -> Vec<f64> {
        let mut matrix = vec![0.0; packed_len(width)];
        for row in 0..width {
            for column in 0..=row {
                matrix[packed_len(row) + column] =
                    (0..=column).map(|i| factor[packed_len(row) + i] * factor[packed_len(column) + i]).sum();
            }
        }
        matrix
    }

    #[test]
    fn the_factor_times_its_transpose_is_the_matrix() {
        let matrix = [4.0, 2.0, 3.0, 0.4, -0.6, 5.0];
        let mut factor = matrix;
        factorise(&mut factor, 3, 1e-12);
        for (a, b) in product(&factor, 3).iter().zip(matrix) {
            assert!((a - b).abs() < 1e-15);
        }
        let mut inverse = [0.0; 6];
        invert(&factor, &mut inverse, 3);
        for row in 0..3 {
            for column in 0..=row {
                let entry: f64 = (column..=row)
                    .map(|i| inverse[packed_len(row) + i] * factor[packed_len(i) + column])
                    .sum();
                assert!((entry - f64::from(u8::from(row == column))).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn semi_definite_and_indefinite_matrices_get_a_bounded_factor() {
        for matrix in [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0], [1.0, 2.0, 1.0], [0.0, 0.0, 4.0]] {
            let mut factor = matrix;
            factorise(&mut factor, 2, rounding_floor(&matrix, 2));
            assert!(factor.iter().all(|entry| entry.is_finite() && entry.abs() <= 2.0), "{factor:?}");
            assert!(factor[0] > 0.0 && factor[2] > 0.0);
        }
    }
}
