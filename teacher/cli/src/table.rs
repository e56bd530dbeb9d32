//! Plain tables for people: aligned columns, no lines, nothing that a narrow terminal or a log would spoil. The same
//! tables in Markdown, for pages.

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
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows; columns are their titles and sides.
    pub(crate) fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(title, align)| ((*title).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new() }
    }

    /// The same with a further column, before there are rows.
    pub(crate) fn column(mut self, title: String, align: Align) -> Self {
        assert!(self.rows.is_empty(), "columns come before rows");
        self.columns.push((title, align));
        self
    }

    /// Adds a row with one cell per column.
    pub(crate) fn row(&mut self, cells: impl Into<Vec<String>>) {
        let cells = cells.into();
        assert_eq!(cells.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(cells);
    }

    /// The table in as many blocks, one below the other, as it takes to stay within a width where that can be. Each
    /// begins with the first `repeated` columns.
    pub(crate) fn in_blocks(&self, repeated: usize, width: usize) -> String {
        let widths = self.widths();
        let room = |columns: &[usize]| columns.iter().map(|&column| widths[column] + 2).sum::<usize>();
        let begin: Vec<usize> = (0..repeated).collect();
        let mut blocks = vec![begin.clone()];
        for (column, &wanted) in widths.iter().enumerate().skip(repeated) {
            let block = blocks.last().expect("there is a first block");
            if block.len() > repeated && room(block) + wanted + 2 > width {
                blocks.push(begin.clone());
            }
            blocks.last_mut().expect("there is a first block").push(column);
        }
        let written: Vec<String> = blocks.iter().map(|columns| self.write(columns, &widths)).collect();
        written.join("\n\n")
    }

    /// The table in Markdown, every line with its end.
    pub(crate) fn markdown(&self) -> String {
        let titles = self.columns.iter().map(|(title, _)| title.as_str()).collect();
        let rules = self.columns.iter().map(|(_, align)| match align {
            Align::Left => "---",
            Align::Right => "---:",
        });
        let rows = self.rows.iter().map(|row| row.iter().map(String::as_str).collect());
        let lines = [titles, rules.collect()].into_iter().chain(rows);
        lines.map(|cells: Vec<&str>| format!("| {} |\n", cells.join(" | "))).collect()
    }

    fn widths(&self) -> Vec<usize> {
        let title = |column: usize| self.columns[column].0.chars().count();
        let cells = |column: usize| self.rows.iter().map(move |row| row[column].chars().count());
        (0..self.columns.len()).map(|column| cells(column).fold(title(column), usize::max)).collect()
    }

    fn write(&self, columns: &[usize], widths: &[usize]) -> String {
        let titles: Vec<String> = self.columns.iter().map(|(title, _)| title.clone()).collect();
        let lines = [&titles].into_iter().chain(&self.rows).map(|row| {
            let mut line = String::new();
            for &column in columns {
                let (cell, width) = (&row[column], widths[column]);
                line.push_str("  ");
                line.push_str(&match self.columns[column].1 {
                    Align::Left => format!("{cell:<width$}"),
                    Align::Right => format!("{cell:>width$}"),
                });
            }
            line.truncate(line.trim_end().len());
            line
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for Table {
    /// Writes line by line, indented by two spaces, without a line break at the end.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<usize> = (0..self.columns.len()).collect();
        formatter.write_str(&self.write(&all, &self.widths()))
    }
}

/// `name  value` lines with the values aligned; indented like a table.
pub(crate) fn pairs(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("  {name:<width$}  {value}")).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("name", Align::Left), ("µs", Align::Right), ("", Align::Left)]);
        table.row(["a".to_owned(), "1.5".to_owned(), String::new()]);
        table.row(["größer".to_owned(), "12.25".to_owned(), "ok".to_owned()]);
        table
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(table().to_string(), "  name       µs\n  a         1.5\n  größer  12.25  ok");
    }

    #[test]
    fn a_page_has_it_in_markdown() {
        assert_eq!(
            table().markdown(),
            "| name | µs |  |\n| --- | ---: | --- |\n| a | 1.5 |  |\n| größer | 12.25 | ok |\n"
        );
    }

    #[test]
    fn wide_tables_are_written_in_blocks() {
        assert_eq!(table().in_blocks(1, 100), table().to_string());
        let blocks = "  name       µs\n  a         1.5\n  größer  12.25\n\n  name\n  a\n  größer  ok";
        assert_eq!(table().in_blocks(1, 15), blocks);
        // What does not fit at all stands alone.
        assert_eq!(table().in_blocks(1, 1), blocks);
    }
}
