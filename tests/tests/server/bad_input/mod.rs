//! Bad input of every kind: whatever a client sends, it is answered in the contract's terms, and a refused call
//! has changed nothing.

mod barrage;
mod calls;
mod field_paths;
mod generators;
mod looks;
mod mistakes;
