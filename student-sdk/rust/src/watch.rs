//! Watching what the teacher samples from, across lost connections.

use std::time::Duration;

use magister_proto::v1;
use serde::Serialize;
use tokio::time::{Instant, sleep};
use tonic::{Status, Streaming};

use crate::{
    curriculum::Curriculum,
    distribution::Distribution,
    error::{Error, Verdict, verdict},
    inspect::Fit,
    retry::{FIRST_DELAY, LONGEST_DELAY},
};

/// What the teacher samples from, anew with every fit that takes effect.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DistributionChange {
    /// The fit that took effect; `None` before the first one.
    pub fit: Option<Fit>,
    /// What the teacher samples from since.
    pub distribution: Distribution,
}

/// A subscription to a curriculum's distribution. A connection that is lost is made again, for as long as
/// [`ConnectOptions::retry_for`](crate::ConnectOptions::retry_for) allows, and no fit is missed or told twice by
/// that.
#[derive(Debug)]
pub struct DistributionWatch {
    curriculum: Curriculum,
    stream: Option<Streaming<v1::WatchDistributionResponse>>,
    told: Told,
    /// Since when nothing has come, while the connection is lost.
    lost: Option<Instant>,
    delay: Duration,
}

/// What the watcher has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing; only what comes from now on is wanted.
    Nothing,
    /// Fits up to this number; 0: the distribution before the first one.
    Fits(u64),
}

impl Curriculum {
    /// Watches what the teacher samples from: at first the present distribution, then each as a fit takes effect.
    /// Whoever reads slowly misses those in between, never the latest.
    pub fn watch(&self) -> DistributionWatch {
        DistributionWatch {
            curriculum: self.clone(),
            stream: None,
            told: Told::Nothing,
            lost: None,
            delay: FIRST_DELAY,
        }
    }
}

impl DistributionWatch {
    /// Waits for the next change. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::CurriculumNotFound`](crate::Reason::CurriculumNotFound), also when the curriculum has been deleted meanwhile;
    /// [`Error::GaveUp`] if the server stays away.
    pub async fn next(&mut self) -> Result<DistributionChange, Error> {
        loop {
            let message = match &mut self.stream {
                None => {
                    self.stream = Some(self.open().await?);
                    continue;
                }
                Some(stream) => stream.message().await,
            };
            match message {
                Ok(Some(message)) => {
                    self.lost = None;
                    self.delay = FIRST_DELAY;
                    let number = message.fit.as_ref().map_or(0, |fit| fit.number);
                    // After a reconnection the server begins with what may be known already.
                    if matches!(self.told, Told::Fits(told) if number <= told) {
                        continue;
                    }
                    let change = DistributionChange::try_from(message)?;
                    self.told = Told::Fits(number);
                    return Ok(change);
                }
                // The server stops, or the curriculum is gone: opening the stream again tells which.
                Ok(None) => self.wait(Status::unavailable("the server ended the stream")).await?,
                Err(status) => self.wait(status).await?,
            }
        }
    }

    async fn open(&self) -> Result<Streaming<v1::WatchDistributionResponse>, Error> {
        let request = v1::WatchDistributionRequest {
            curriculum: self.curriculum.name().to_owned(),
            after_fit: match self.told {
                Told::Nothing => None,
                Told::Fits(told) => Some(told),
            },
            min_interval: None,
        };
        let client = self.curriculum.client();
        client.call(request, |mut rpc, request| async move { rpc.watch_distribution(request).await }).await
    }

    /// Waits before the stream is opened again, or says why that is no use.
    async fn wait(&mut self, status: Status) -> Result<(), Error> {
        self.stream = None;
        let retry_for = self.curriculum.client().patience().retry_for;
        let lost = *self.lost.get_or_insert_with(Instant::now);
        let delay = match verdict(&status) {
            Verdict::Final => return Err(status.into()),
            Verdict::Again(asked) => asked.unwrap_or(self.delay),
        };
        if lost.elapsed() + delay > retry_for {
            return Err(Error::GaveUp { tried_for: lost.elapsed(), last: Box::new(status.into()) });
        }
        self.delay = (self.delay * 2).min(LONGEST_DELAY);
        sleep(delay).await;
        Ok(())
    }
}

impl TryFrom<v1::WatchDistributionResponse> for DistributionChange {
    type Error = Error;

    fn try_from(message: v1::WatchDistributionResponse) -> Result<Self, Error> {
        let distribution = message.distribution.ok_or(Error::Answer("a change has no distribution"))?;
        Ok(Self { fit: message.fit.map(Fit::try_from).transpose()?, distribution: distribution.try_into()? })
    }
}
