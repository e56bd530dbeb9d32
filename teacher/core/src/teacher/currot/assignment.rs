//! Who goes where at the least total cost: the assignment problem, solved exactly.
//!
//! Shortest augmenting paths over reduced costs, as Jonker and Volgenant, "A shortest augmenting path algorithm for
//! dense and sparse linear assignment problems", Computing 1987, describe them. Of their first steps only the cheapest
//! column of each row is taken, which also holds where there are more columns than rows. The time grows with the cube of
//! the rows at worst.

/// The column that each row gets, no column twice, such that the sum of the costs is the least. `costs` holds
/// `columns` finite numbers a row, row by row; there are no more rows than columns.
pub(super) fn assign(costs: &[f64], columns: usize) -> Vec<usize> {
    let mut assignment = Assignment::new(costs, columns);
    for row in 0..assignment.column_of.len() {
        if assignment.column_of[row].is_none() {
            assignment.augment(row);
        }
    }
    let columns = assignment.column_of.into_iter();
    columns.map(|column| column.expect("every row is assigned in its turn")).collect()
}

/// A partial assignment that is optimal for the rows it has, with prices that show it: no cost is below the sum of
/// its row's and its column's price, those of the assigned pairs equal it, and columns that are free cost nothing.
struct Assignment<'a> {
    costs: &'a [f64],
    columns: usize,
    column_of: Vec<Option<usize>>,
    row_of: Vec<Option<usize>>,
    row_price: Vec<f64>,
    column_price: Vec<f64>,
}

impl<'a> Assignment<'a> {
    /// Gives each row its cheapest column, first come, first served.
    fn new(costs: &'a [f64], columns: usize) -> Self {
        let rows = costs.len() / columns;
        debug_assert!(rows <= columns && costs.len() == rows * columns);
        let mut assignment = Self {
            costs,
            columns,
            column_of: vec![None; rows],
            row_of: vec![None; columns],
            row_price: Vec::with_capacity(rows),
            column_price: vec![0.0; columns],
        };
        for (row, costs) in costs.chunks_exact(columns).enumerate() {
            let cheapest = (1..columns)
                .fold(0, |cheapest, column| if costs[column] < costs[cheapest] { column } else { cheapest });
            assignment.row_price.push(costs[cheapest]);
            if assignment.row_of[cheapest].is_none() {
                assignment.row_of[cheapest] = Some(row);
                assignment.column_of[row] = Some(cheapest);
            }
        }
        assignment
    }

    /// Assigns one more row along the shortest path over reduced costs to a free column.
    fn augment(&mut self, row: usize) {
        let mut length = vec![f64::INFINITY; self.columns];
        let mut row_before = vec![row; self.columns];
        let mut ahead: Vec<usize> = (0..self.columns).collect();
        let mut passed = Vec::new();
        let (mut at, mut reached) = (row, 0.0);
        let end = loop {
            let costs = &self.costs[at * self.columns..][..self.columns];
            let start = reached - self.row_price[at];
            let (mut nearest, mut place) = (f64::INFINITY, 0);
            for (index, &column) in ahead.iter().enumerate() {
                let through = start + costs[column] - self.column_price[column];
                if through < length[column] {
                    length[column] = through;
                    row_before[column] = at;
                }
                if length[column] < nearest {
                    (nearest, place) = (length[column], index);
                }
            }
            reached = nearest;
            let column = ahead.swap_remove(place);
            match self.row_of[column] {
                None => break column,
                Some(next) => {
                    passed.push((column, next));
                    at = next;
                }
            }
        };
        self.row_price[row] += reached;
        for (column, row) in passed {
            let slack = reached - length[column];
            self.row_price[row] += slack;
            self.column_price[column] -= slack;
        }
        let mut given = Some(end);
        while let Some(column) = given {
            let taker = row_before[column];
            self.row_of[column] = Some(taker);
            given = self.column_of[taker].replace(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn total(costs: &[f64], columns: usize, assignment: &[usize]) -> f64 {
        assignment.iter().enumerate().map(|(row, column)| costs[row * columns + column]).sum()
    }

    /// The least total cost of the rows from `row` on, by trying everything.
    fn least(costs: &[f64], columns: usize, row: usize, taken: &mut Vec<usize>) -> f64 {
        if row * columns == costs.len() {
            return 0.0;
        }
        (0..columns).fold(f64::INFINITY, |best, column| {
            if taken.contains(&column) {
                return best;
            }
            taken.push(column);
            let cost = costs[row * columns + column] + least(costs, columns, row + 1, taken);
            taken.pop();
            best.min(cost)
        })
    }

    #[test]
    fn small_ones_are_right() {
        for (costs, columns, wanted) in [
            (&[7.0][..], 1, &[0][..]),
            (&[1.0, 2.0, 0.0, 5.0], 2, &[1, 0]),
            (&[1.0, 0.0, 3.0], 3, &[1]),
            (&[4.0, 1.0, 3.0, 2.0, 0.0, 5.0, 3.0, 2.0, 2.0], 3, &[1, 0, 2]),
            // What is taken must be given up along a path of three.
            (
                &[0.0, 1.0, 9.0, 9.0, 0.0, 0.0, 1.0, 9.0, 9.0, 0.0, 0.0, 1.0, 0.0, 9.0, 9.0, 9.0],
                4,
                &[1, 2, 3, 0],
            ),
        ] {
            assert_eq!(assign(costs, columns), wanted, "{costs:?}");
        }
        assert!(assign(&[], 3).is_empty());
    }

    proptest! {
        #[test]
        fn nothing_is_cheaper(
            rows in 1usize..=6,
            more in 0usize..=2,
            // Whole numbers tie often.
            costs in prop::collection::vec(prop_oneof![0.0..1.0f64, (0u8..4).prop_map(f64::from)], 48),
        ) {
            let columns = rows + more;
            let costs = &costs[..rows * columns];
            let assignment = assign(costs, columns);
            let mut distinct = assignment.clone();
            distinct.sort_unstable();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), rows);
            let best = least(costs, columns, 0, &mut Vec::new());
            prop_assert!((total(costs, columns, &assignment) - best).abs() < 1e-12);
        }

        #[test]
        fn large_ones_cannot_be_mended_by_exchanges(points in prop::collection::vec(0.0..1.0f64, 4 * 60)) {
            let (from, to) = points.split_at(2 * 60);
            let costs: Vec<f64> = from
                .chunks(2)
                .flat_map(|a| to.chunks(2).map(|b| (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])))
                .collect();
            let assignment = assign(&costs, 60);
            for one in 0..60 {
                for two in 0..one {
                    let cost = |row: usize, column: usize| costs[row * 60 + assignment[column]];
                    prop_assert!(cost(one, one) + cost(two, two) <= cost(one, two) + cost(two, one) + 1e-12);
                }
            }
        }
    }
}
