//! Repeating calls until they succeed, are refused for good, or time is up.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tonic::{Response, Status};

use crate::error::{Error, Verdict, verdict};

pub(crate) const FIRST_DELAY: Duration = Duration::from_millis(50);
pub(crate) const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// How long to go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    pub(crate) retry_for: Duration,
    pub(crate) call_timeout: Duration,
}

impl Patience {
    /// Makes `attempt` again and again; every attempt must be harmless to repeat.
    pub(crate) async fn call<T, F>(&self, mut attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let started = Instant::now();
        let mut delay = FIRST_DELAY;
        loop {
            let status = match timeout(self.call_timeout, attempt()).await {
                Ok(Ok(response)) => return Ok(response.into_inner()),
                Ok(Err(status)) => status,
                Err(_) => Status::deadline_exceeded(format!("no answer within {:?}", self.call_timeout)),
            };
            let wait = match verdict(&status) {
                Verdict::Final => return Err(status.into()),
                Verdict::Again(Some(asked)) => asked,
                Verdict::Again(None) => delay,
            };
            if started.elapsed() + wait > self.retry_for {
                let tried_for = started.elapsed();
                return Err(Error::GaveUp { tried_for, last: Box::new(status.into()) });
            }
            sleep(wait).await;
            delay = (delay * 2).min(LONGEST_DELAY);
        }
    }
}
