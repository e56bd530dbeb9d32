//! The service as its clients meet it: a real server in this process, asked over gRPC.
//!
//! One program for all of it, since each test program compiles the clients' code and links the server anew.

#![allow(clippy::unwrap_used, reason = "tests")]

mod access;
mod bad_input;
mod compatibility;
mod crash;
mod determinism;
mod evaluation;
mod insight;
mod life_cycle;
mod model;
mod observability;
mod portable;
mod slow_clients;
mod store_faults;
mod teach;
mod verify;

use magister_proto::v1;
use magister_tests::{Client, alp_gmm_request, continuous};

/// The curriculum of those tests that need no more than one.
const NAME: &str = "curricula/walker";

/// Creates [`NAME`], of one dimension `height`, with a fit every so many episodes.
async fn create_walker(client: &mut Client, fit_rate: u32) -> v1::Curriculum {
    let request = alp_gmm_request("walker", vec![continuous("height", 0.0, 3.0)], fit_rate);
    client.create_curriculum(request).await.unwrap().into_inner()
}
