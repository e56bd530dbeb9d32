//! Eight lanes in a register.
