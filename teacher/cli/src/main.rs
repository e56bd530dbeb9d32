//! The `magister` command.
fn main() {}
