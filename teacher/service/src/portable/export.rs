//! Writes the portable file of a curriculum as it is now, while it goes on.
//!
//! What the journal has up to one position never changes, so it is read a page at a time, each in a transaction of its
//! own: no long one keeps the database from tidying up, however slowly the client reads.

use std::pin::Pin;

use magister_proto::v1;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;

use super::{FORMAT_VERSION, Header, Line, MAX_LINE_BYTES, Tally};
use crate::{
    error::ServiceError,
    ledger::ReplayedEvent,
    owner::Owner,
    records::{Charter, CurriculumKey},
    store::{EventRange, Journal, StoreError},
};

/// Most bytes of a message to the client.
const CHUNK_BYTES: usize = 256 << 10;
/// Events of a page.
const EVENTS: u64 = 4000;
/// Fits, requests and evaluations of a page.
const FITS: usize = 50;
const REQUESTS: usize = 2000;
const EVALUATIONS: usize = 20;

/// What the client reads.
pub(crate) type Exporting = Pin<Box<dyn Stream<Item = Result<v1::ExportCurriculumResponse, Status>> + Send>>;

/// Streams the file.
pub(crate) fn export(owner: Owner) -> Exporting {
    let (sender, chunks) = mpsc::channel(2);
    tokio::spawn(async move {
        let sent = tokio::select! {
            sent = send(&owner, &sender) => sent,
            // A client that reads slowly must not keep a server from stopping.
            end = owner.end() => Err(end),
        };
        if let Err(error) = sent {
            let _ = sender.send(Err(error.into())).await;
        }
    });
    Box::pin(ReceiverStream::new(chunks))
}

type Chunks = mpsc::Sender<Result<v1::ExportCurriculumResponse, Status>>;

async fn send(owner: &Owner, sender: &Chunks) -> Result<(), ServiceError> {
    // Describing waits until everything up to this position is on disk.
    let position = owner.describe().await?.position;
    let (key, name) = (owner.key(), owner.name().to_string());
    let mut page = Page::new(key, name, Charter::clone(owner.charter()), position);
    while !page.is_last() {
        // The lines are made where the journal is read: on a thread that may block.
        page = owner
            .read(move |journal| {
                page.read(journal)?;
                Ok(page)
            })
            .await?;
        for chunk in page.lines.chunks(CHUNK_BYTES) {
            let message = v1::ExportCurriculumResponse { chunk: chunk.to_vec() };
            if sender.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
        page.lines.clear();
        // Were it deleted, rows would be missing from the next page on.
        owner.describe().await?;
    }
    Ok(())
}

/// Where the file stands, and the lines that have not been sent.
struct Page {
    key: CurriculumKey,
    to_position: u64,
    next: Next,
    fits: u64,
    episodes: u64,
    tally: Tally,
    lines: Vec<u8>,
}

/// What is written next.
enum Next {
    Header {
        name: String,
        charter: Box<Charter>,
    },
    Events {
        after_position: u64,
        after_task: u64,
    },
    /// Those with higher ids than this one.
    Requests {
        after: String,
    },
    Evaluations {
        after_round: u64,
    },
    Nothing,
}

impl Page {
    fn new(key: CurriculumKey, name: String, charter: Charter, to_position: u64) -> Self {
        let next = Next::Header { name, charter: Box::new(charter) };
        Self { key, to_position, next, fits: 0, episodes: 0, tally: Tally::default(), lines: Vec::new() }
    }

    fn is_last(&self) -> bool {
        matches!(self.next, Next::Nothing)
    }

    fn read(&mut self, journal: &Journal) -> Result<(), StoreError> {
        self.next = match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Header { name, charter } => self.header(journal, name, *charter)?,
            Next::Events { after_position, after_task } => {
                self.events(journal, after_position, after_task)?
            }
            Next::Requests { after } => self.requests(journal, &after)?,
            Next::Evaluations { after_round } => self.evaluations(journal, after_round)?,
            Next::Nothing => Next::Nothing,
        };
        Ok(())
    }

    fn header(&mut self, journal: &Journal, name: String, charter: Charter) -> Result<Next, StoreError> {
        let (birth, request_fingerprint) = journal.birth(self.key)?;
        let header = Header {
            magister_export: FORMAT_VERSION,
            written_by: concat!("magister ", env!("CARGO_PKG_VERSION")).to_owned(),
            curriculum: name,
            position: self.to_position,
            created_ms: birth.created_ms,
            request_id: birth.request_id,
            request_fingerprint,
            charter,
        };
        self.write(&header)?;
        Ok(Next::Events { after_position: 0, after_task: 0 })
    }

    fn events(
        &mut self,
        journal: &Journal,
        after_position: u64,
        after_task: u64,
    ) -> Result<Next, StoreError> {
        let to_position = self.to_position.min(after_position + EVENTS);
        let (mut last_position, mut last_task) = (after_position, after_task);
        let range = EventRange { after_position, after_task, to_position };
        journal.visit_events(self.key, range, |event| {
            if event.position() != last_position + 1 {
                let problem = format!("event {} follows event {last_position}", event.position());
                return Err(StoreError::Damaged(format!("curriculum {}: {problem}", self.key)));
            }
            last_position += 1;
            let line = match event {
                ReplayedEvent::Task(task) => {
                    last_task = task.number;
                    Line::from(task.as_ref())
                }
                ReplayedEvent::Outcome { outcome, .. } => {
                    self.episodes = outcome.episode.unwrap_or(self.episodes);
                    Line::from(outcome.as_ref())
                }
                ReplayedEvent::Expiry(expiry) => Line::from(expiry),
                ReplayedEvent::Edit(edit) => Line::from(edit),
            };
            self.line(&line)
        })?;
        if last_position != to_position {
            let problem = format!("event {} is missing", last_position + 1);
            return Err(StoreError::Damaged(format!("curriculum {}: {problem}", self.key)));
        }
        self.fits_that_fell_due(journal)?;
        Ok(match to_position == self.to_position {
            true => Next::Requests { after: String::new() },
            false => Next::Events { after_position: to_position, after_task: last_task },
        })
    }

    fn fits_that_fell_due(&mut self, journal: &Journal) -> Result<(), StoreError> {
        loop {
            let found = journal.fits(self.key, self.fits, FITS)?;
            let is_last = found.len() < FITS;
            for record in found {
                if record.fit.due_episode > self.episodes {
                    return Ok(());
                }
                self.fits = record.fit.number;
                self.line(&Line::from(record))?;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn requests(&mut self, journal: &Journal, after: &str) -> Result<Next, StoreError> {
        let found = journal.requests(self.key, after, self.to_position, REQUESTS)?;
        let next = match found.last() {
            Some(last) => Next::Requests { after: last.id.to_string() },
            None => Next::Evaluations { after_round: 0 },
        };
        for request in found {
            self.line(&Line::from(request))?;
        }
        Ok(next)
    }

    fn evaluations(&mut self, journal: &Journal, after_round: u64) -> Result<Next, StoreError> {
        let found = journal.evaluations(self.key, None, after_round, EVALUATIONS)?;
        let Some(last) = found.last() else {
            self.lines.extend_from_slice(self.tally.end().as_bytes());
            self.lines.push(b'\n');
            return Ok(Next::Nothing);
        };
        let next = Next::Evaluations { after_round: last.round };
        for evaluation in found {
            self.line(&Line::from(evaluation))?;
        }
        Ok(next)
    }

    fn line(&mut self, line: &Line) -> Result<(), StoreError> {
        self.tally.count(line);
        self.write(line)
    }

    fn write(&mut self, line: &impl serde::Serialize) -> Result<(), StoreError> {
        let start = self.lines.len();
        serde_json::to_writer(&mut self.lines, line)
            .map_err(|error| StoreError::Damaged(format!("curriculum {}: {error}", self.key)))?;
        if self.lines.len() - start > MAX_LINE_BYTES {
            let problem = format!("a record is larger than the {MAX_LINE_BYTES} bytes that a file may hold");
            return Err(StoreError::Database(problem));
        }
        self.tally.hash(&self.lines[start..]);
        self.lines.push(b'\n');
        Ok(())
    }
}
