//! The `Teach` stream: reports and tasks in one round trip, many steps in flight.
//!
//! One task reads steps and puts them into the owner's mailbox, in order and without waiting for answers; the stream that the
//! client reads takes the answers in the same order. A client that does not read stops being read once its
//! window is full, and holds up nobody else.

use std::pin::Pin;

use magister_proto::v1::{self, teach_request::Message};
use tokio::sync::mpsc;
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Status, Streaming};

use crate::{
    error::{Invalid, ServiceError},
    ledger::StepInput,
    metrics::Stopwatch,
    owner::{Owner, StepAnswer, Waiting},
    registry::Registry,
    wire,
};

/// Steps whose answers a client may leave unread.
const WINDOW: usize = 256;

/// What the client reads.
pub(crate) type Answers = Pin<Box<dyn Stream<Item = Result<v1::TeachResponse, Status>> + Send>>;

/// A step that was handed to the owner, or why it was not: then the stream ends.
type Handed = Result<(Owner, Stopwatch, Waiting<StepAnswer>), ServiceError>;

/// Serves one stream.
pub(crate) fn serve(registry: std::sync::Arc<Registry>, requests: Streaming<v1::TeachRequest>) -> Answers {
    let (handed, steps) = mpsc::channel(WINDOW);
    tokio::spawn(async move {
        if let Err(error) = read(&registry, requests, &handed).await {
            let _ = handed.send(Err(error)).await;
        }
    });
    let mut failed = false;
    let answers = ReceiverStream::new(steps)
        .then(|handed: Handed| async move {
            let (owner, stopwatch, waiting) = handed?;
            let answer = waiting.answer().await?;
            stopwatch.observe(&owner.metrics().teach_step);
            let (receipts, tasks) =
                wire::task::write_answer(owner.name(), &owner.charter().settings.space, &answer);
            Ok(v1::TeachResponse { receipts, tasks, position: answer.position })
        })
        // The first error is the last thing that a client hears.
        .take_while(move |answer: &Result<_, ServiceError>| {
            let before = failed;
            failed |= answer.is_err();
            !before
        })
        .map(|answer| answer.map_err(Status::from));
    Box::pin(answers)
}

async fn read(
    registry: &Registry,
    mut requests: Streaming<v1::TeachRequest>,
    handed: &mpsc::Sender<Handed>,
) -> Result<(), ServiceError> {
    let mut opened: Option<(Owner, v1::teach_request::Open)> = None;
    loop {
        let request = match &opened {
            None => requests.message().await,
            // A silent client must not keep a server from stopping.
            Some((owner, _)) => tokio::select! {
                request = requests.message() => request,
                end = owner.end() => return Err(end),
            },
        };
        // A connection that breaks ends the stream like one that closes: what was handed over stands.
        let Ok(Some(request)) = request else { return Ok(()) };
        match (request.message, &opened) {
            (Some(Message::Open(open)), None) => {
                let owner =
                    registry.owner(wire::names::curriculum("open.curriculum", &open.curriculum)?).await?;
                opened = Some((owner, open));
            }
            (Some(Message::Step(step)), Some((owner, open))) => {
                let stopwatch = Stopwatch::start();
                let waiting = hand_over(owner, open, step).await?;
                if handed.send(Ok((owner.clone(), stopwatch, waiting))).await.is_err() {
                    return Ok(());
                }
            }
            (Some(Message::Step(_)), None) => {
                return Err(ServiceError::invalid(
                    Invalid::Request,
                    "open",
                    "is missing: the first message must be open",
                ));
            }
            (Some(Message::Open(_)), Some(_)) => {
                return Err(ServiceError::invalid(
                    Invalid::Request,
                    "open",
                    "came twice: only the first message may be open",
                ));
            }
            (None, _) => {
                return Err(ServiceError::invalid(
                    Invalid::Request,
                    "message",
                    "is missing: give open or step",
                ));
            }
        }
    }
}

async fn hand_over(
    owner: &Owner,
    open: &v1::teach_request::Open,
    mut step: v1::teach_request::Step,
) -> Result<Waiting<StepAnswer>, ServiceError> {
    let mut key = wire::take_request_key(
        &mut step,
        |step| &mut step.request_id,
        |step| wire::task::names(&mut step.outcomes).collect(),
    )?;
    if let Some(key) = &mut key {
        // Who asks is among the other fields, though the stream says it once.
        let who = v1::teach_request::Open { curriculum: String::new(), ..open.clone() };
        key.fingerprint = wire::fingerprint_after(key.fingerprint, &who);
    }
    if step.outcomes.is_empty() && step.count == 0 {
        return Err(ServiceError::invalid(
            Invalid::Request,
            "step",
            "is empty: report an outcome or ask for a task",
        ));
    }
    let label = |field: &str, text: &str| wire::label(field, text.to_owned()).map_err(ServiceError::request);
    let input = StepInput {
        outcomes: wire::task::read_outcomes(owner.name(), &owner.charter().settings.space, step.outcomes)?,
        count: wire::task::read_count(step.count, 0)?,
        student: label("open.student", &open.student)?,
        worker: label("open.worker", &open.worker)?,
        lease_ms: None,
    };
    owner.hand_over(input, key).await
}
