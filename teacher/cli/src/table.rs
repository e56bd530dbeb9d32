//! Plain tables for people: aligned columns, no lines, nothing that a narrow terminal or a log would spoil.

use std::fmt;

/// On which side a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// A header and rows of as many cells.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows; columns are their titles and sides.
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with one cell per column.
    pub(crate) fn row<const CELLS: usize>(&mut self, cells: [String; CELLS]) {
        assert_eq!(CELLS, self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    /// Writes line by line, indented by two spaces, without a line break at the end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header: Vec<String> = self.columns.iter().map(|(title, _)| (*title).to_owned()).collect();
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                let cells = self.rows.iter().chain([&header]).map(|row| row[column].chars().count());
                cells.max().unwrap_or(0)
            })
            .collect();
        for (index, row) in [&header].into_iter().chain(&self.rows).enumerate() {
            let mut line = String::new();
            for ((cell, (_, align)), &width) in row.iter().zip(&self.columns).zip(&widths) {
                line.push_str("  ");
                line.push_str(&match align {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                });
            }
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&[("name", Align::Left), ("µs", Align::Right), ("", Align::Left)]);
        table.row(["a".to_owned(), "1.5".to_owned(), String::new()]);
        table.row(["größer".to_owned(), "12.25".to_owned(), "ok".to_owned()]);
        assert_eq!(table.to_string(), "  name       µs\n  a         1.5\n  größer  12.25  ok");
    }
}
