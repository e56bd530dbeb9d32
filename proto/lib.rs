//! Generated types of the contract `magister.v1`; its specification is the comments in `proto/magister/v1`.
