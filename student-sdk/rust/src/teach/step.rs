//! One message of a stream, and who waits for what came of it.

use magister_proto::v1::{self, teach_request::Message};
use tokio::sync::oneshot;

use crate::{
    error::Error,
    outcome::{Outcome, Receipt},
    task::Task,
};

/// An outcome on its way.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) task: Task,
    pub(super) outcome: Outcome,
    pub(super) reply: oneshot::Sender<Result<Receipt, Error>>,
}

/// One step: an outcome, or tasks wanted, or both.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) told: Option<Told>,
    pub(super) count: u32,
    pub(super) request_id: String,
}

impl Step {
    /// The same bytes at every call: what is sent again must be equal.
    pub(super) fn to_wire(&self) -> v1::TeachRequest {
        let outcomes =
            self.told.iter().map(|told| told.outcome.clone().into_wire(told.task.name().to_owned()));
        let step = v1::teach_request::Step {
            outcomes: outcomes.collect(),
            count: self.count,
            request_id: self.request_id.clone(),
        };
        v1::TeachRequest { message: Some(Message::Step(step)) }
    }
}
