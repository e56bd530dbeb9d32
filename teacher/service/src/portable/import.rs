//! Reads a portable file into a curriculum that nobody sees until all of it has come and holds together.

use std::sync::Arc;

use magister_proto::v1;
use tonic::Streaming;

use super::{END, FORMAT_VERSION, Header, Line, MAGIC, MAX_LINE_BYTES, Tally};
use crate::{
    audit::{Audit, check_charter},
    error::ServiceError,
    owner::Description,
    records::{Birth, Record},
    registry::{NewCurriculum, Registry},
    store::{StagedCurriculum, StagedRow, StoreError},
    wire,
};

/// Rows that one transaction takes: few enough that the commits of others hardly wait.
const ROWS: usize = 1000;

/// Takes a file from a client and makes the curriculum in it. Whatever goes wrong, nothing of it is left.
pub(crate) async fn import(
    registry: &Registry,
    mut requests: Streaming<v1::ImportCurriculumRequest>,
) -> Result<Description, ServiceError> {
    let broken = |status: tonic::Status| {
        ServiceError::ImportRefused(format!("the stream broke off: {}", status.message()))
    };
    let mut request = requests.message().await.map_err(broken)?;
    let name = request.as_mut().map(|first| std::mem::take(&mut first.curriculum_id)).unwrap_or_default();
    registry.check_free(wire::names::curriculum_id("curriculum_id", &name)?)?;

    let mut reader = FileReader::new();
    let mut staged: Option<StagedCurriculum> = None;
    while let Some(v1::ImportCurriculumRequest { chunk, .. }) = request {
        let read = tokio::task::spawn_blocking(move || {
            let rows = reader.take(&chunk);
            (reader, rows)
        });
        let rows;
        (reader, rows) = read.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
        let mut rows = rows.map_err(ServiceError::ImportRefused)?;
        if staged.is_none()
            && let Some(body) = reader.body()
        {
            staged = Some(registry.stage(Arc::clone(&body.header.charter)).await?);
        }
        while let Some(staged) = staged.as_ref().filter(|_| !rows.is_empty()) {
            let rest = rows.split_off(rows.len().min(ROWS));
            staged.write(std::mem::replace(&mut rows, rest)).await?;
        }
        request = requests.message().await.map_err(broken)?;
    }
    let header = reader.end().map_err(ServiceError::ImportRefused)?;
    let staged = staged.expect("a file that came to its end has a header");
    let curriculum = NewCurriculum {
        name: &name,
        charter: header.charter,
        birth: header.birth,
        fingerprint: header.fingerprint,
        position: header.position,
    };
    registry.publish(staged, curriculum).await.map_err(|error| match error {
        ServiceError::Store(StoreError::Damaged(problem)) => ServiceError::ImportRefused(problem),
        other => other,
    })
}

/// Takes the bytes of a file as they come, in pieces of any size.
#[derive(Debug)]
struct FileReader {
    /// Of the line under way.
    line: Vec<u8>,
    lines: u64,
    tally: Tally,
    part: Part,
}

/// How far the file has come.
#[derive(Debug)]
enum Part {
    Beginning,
    Body(Box<Body>),
    End(Box<Body>),
}

/// What the lines after the first are held against.
#[derive(Debug)]
struct Body {
    header: CheckedHeader,
    audit: Audit,
    last_request: Arc<str>,
}

/// The first line, checked.
#[derive(Clone, Debug)]
struct CheckedHeader {
    position: u64,
    birth: Birth,
    fingerprint: u64,
    charter: Arc<crate::records::Charter>,
}

impl FileReader {
    fn new() -> Self {
        Self { line: Vec::new(), lines: 0, tally: Tally::default(), part: Part::Beginning }
    }

    /// What came after the first line, once that has been read.
    fn body(&self) -> Option<&Body> {
        match &self.part {
            Part::Beginning => None,
            Part::Body(body) | Part::End(body) => Some(body),
        }
    }

    /// Takes a piece and gives the rows that it completes.
    ///
    /// # Errors
    /// What is wrong with the file.
    fn take(&mut self, mut piece: &[u8]) -> Result<Vec<StagedRow>, String> {
        let mut rows = Vec::new();
        while !piece.is_empty() {
            if matches!(self.part, Part::End(_)) {
                return Err(format!("it goes on behind its end, in line {}", self.lines + 1));
            }
            let end = piece.iter().position(|&byte| byte == b'\n');
            let (more, rest) = end.map_or((piece, &[][..]), |end| (&piece[..end], &piece[end + 1..]));
            self.line.extend_from_slice(more);
            piece = rest;
            let begins = self.line.len().min(MAGIC.len());
            if self.lines == 0 && self.line[..begins] != MAGIC.as_bytes()[..begins] {
                return Err("it is no export of a curriculum".to_owned());
            }
            if self.line.len() > MAX_LINE_BYTES {
                return Err(format!("line {} is longer than {MAX_LINE_BYTES} bytes", self.lines + 1));
            }
            if end.is_some() {
                let line = std::mem::take(&mut self.line);
                self.lines += 1;
                rows.extend(
                    self.read_line(&line).map_err(|problem| format!("line {}: {problem}", self.lines))?,
                );
            }
        }
        Ok(rows)
    }

    /// Takes the end of the file.
    ///
    /// # Errors
    /// If it has not come to its end.
    fn end(self) -> Result<CheckedHeader, String> {
        match self.part {
            Part::End(body) => Ok(body.header),
            _ => Err(format!("it was cut off after {} whole lines", self.lines)),
        }
    }

    fn read_line(&mut self, line: &[u8]) -> Result<Option<StagedRow>, String> {
        match std::mem::replace(&mut self.part, Part::Beginning) {
            Part::Beginning => {
                let body = Body::begin(line)?;
                self.tally.hash(line);
                self.part = Part::Body(Box::new(body));
                Ok(None)
            }
            Part::Body(body) if line.starts_with(END.as_bytes()) => {
                if line != self.tally.end().as_bytes() {
                    return Err(
                        "the lines are not those that were written: one is changed or missing".to_owned()
                    );
                }
                body.audit.end()?;
                if body.audit.position() != body.header.position {
                    return Err(format!(
                        "it ends at position {} and announces {}",
                        body.audit.position(),
                        body.header.position
                    ));
                }
                self.part = Part::End(body);
                Ok(None)
            }
            Part::Body(mut body) => {
                self.tally.hash(line);
                let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
                self.tally.count(&line);
                let row = line.read()?;
                body.check(&row)?;
                self.part = Part::Body(body);
                Ok(Some(row))
            }
            Part::End(_) => unreachable!("nothing is taken behind the end"),
        }
    }
}

impl Body {
    fn begin(line: &[u8]) -> Result<Self, String> {
        let digits = line[MAGIC.len().min(line.len())..].iter().take_while(|byte| byte.is_ascii_digit());
        let version: String = digits.map(|&digit| char::from(digit)).collect();
        let version: u32 =
            version.parse().map_err(|_| "it is no export of a curriculum: it has no version".to_owned())?;
        if version > FORMAT_VERSION {
            return Err(format!(
                "it has format version {version}, this release reads up to {FORMAT_VERSION}: use a newer release"
            ));
        }
        let header: Header = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        check_charter(&header.charter)?;
        wire::label("request_id", header.request_id.clone()).map_err(|_| "its request id is too long")?;
        if header.created_ms > crate::audit::MAX_MS {
            return Err("it has an impossible time".to_owned());
        }
        let charter = Arc::new(header.charter);
        let birth = Birth { created_ms: header.created_ms, request_id: header.request_id };
        Ok(Self {
            audit: Audit::new(Arc::clone(&charter)),
            header: CheckedHeader {
                position: header.position,
                birth,
                fingerprint: header.request_fingerprint,
                charter,
            },
            last_request: "".into(),
        })
    }

    fn check(&mut self, row: &StagedRow) -> Result<(), String> {
        match row {
            StagedRow::Evaluation(evaluation) => self.audit.evaluation(evaluation),
            StagedRow::Record(record) => match record {
                Record::Task(task) => self.audit.task(task),
                Record::Outcome(outcome) => self.audit.outcome(outcome),
                Record::Expiry(expiry) => self.audit.expiry(expiry),
                Record::Edit(edit) => self.audit.edit(edit),
                Record::Fit(fit) => self.audit.fit(fit),
                Record::Request(request) => {
                    // No two alike: they come in the order of their bytes.
                    if *request.id <= *self.last_request {
                        return Err(format!("request {:?} is out of order", request.id));
                    }
                    self.last_request = Arc::clone(&request.id);
                    self.audit.request(request)
                }
                Record::Snapshot(_) => unreachable!("a file has no snapshots"),
            },
        }
    }
}

#[cfg(test)]
mod tests;
