//! The Magister service: curricula of `magister-core` behind gRPC, on disk before they are acknowledged.
//!
//! A call comes in through `rpc`, is read by `wire`, goes through the mailbox of its curriculum's `owner`,
//! changes the `ledger`, and is answered when the `store` has its records on disk. The contract is
//! `proto/magister/v1`; the algorithms are `magister-core`'s.

mod access;
mod answers;
mod audit;
mod clock;
mod dashboard;
mod error;
mod evaluate;
mod health;
mod inspect;
mod ledger;
mod metrics;
mod owner;
mod portable;
mod records;
mod registry;
mod rpc;
mod server;
mod store;
mod teach;
mod verify;
mod wire;

pub use access::{Access, AccessError, Exposure, Missing, Tls, Token};
pub use dashboard::DashboardTokenError;
pub use server::{DashboardPage, Server, ServerError, ServerSettings};
pub use store::StoreError;
pub use verify::{CurriculumReport, Difference, DifferenceKind, Rerun, StoreReport, verify_store};
