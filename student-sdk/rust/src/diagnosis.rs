//! What stands in the way of progress.

use std::time::Duration;

use magister_proto::v1;
use serde::Serialize;

use crate::{curriculum::Curriculum, error::Error, spec::write_duration};

/// What stands in the way of progress, computed by the server from its data.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Accepted episodes at this moment.
    pub episodes: u64,
    /// The most urgent first; empty where nothing stands in the way.
    pub findings: Vec<Finding>,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How much it matters.
    pub severity: Severity,
    /// What is so, with its figures, in one sentence for people.
    pub statement: String,
    /// What to do, in one sentence for people.
    pub advice: String,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Nobody has asked for a task yet.
    NotStarted,
    /// The curriculum is paused.
    Paused,
    /// Tasks were handed out and nothing was reported.
    NeverReported,
    /// Reports came, and have stopped.
    ReportsStopped,
    /// The bootstrap is not over.
    Bootstrap,
    /// No ALP above zero since some episode.
    NoProgress,
    /// All returns are equal.
    EqualReturns,
    /// Many tasks cannot be built.
    Infeasible,
    /// Many tasks are given up.
    Abandoned,
    /// Many leases run out.
    Expired,
    /// Returns lie outside the declared range.
    OutsideRange,
    /// Returns use only a small part of the declared range.
    NarrowRange,
    /// The last fit failed with every number of components.
    FitFailed,
    /// Nearly every task is mastered.
    Mastered,
    /// Returns get worse.
    Worsening,
    /// Reports come long after their tasks were sampled.
    StaleReports,
    /// Something that this release does not know: the statement says it.
    Other,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// As it should be, or passes by itself.
    Note,
    /// Learning may suffer.
    Warning,
    /// Nothing is learned until it is mended.
    Problem,
    /// Something that this release does not know.
    Other,
}

impl Curriculum {
    /// What stands in the way of progress, and what to do about it. Reports that have been missing for longer than
    /// `stopped_after`, 1 s to 30 days, count as stopped; `None`: after 30 s, or ten times the usual distance between
    /// reports where that is longer.
    ///
    /// # Errors
    /// As [`Curriculum::ask`].
    pub async fn diagnose(&self, stopped_after: Option<Duration>) -> Result<Diagnosis, Error> {
        let request = v1::DiagnoseRequest {
            curriculum: self.name().to_owned(),
            stopped_after: stopped_after.map(write_duration),
        };
        let diagnosis = self
            .client()
            .call(request, |mut rpc, request| async move { rpc.diagnose(request).await })
            .await?;
        Ok(diagnosis.into())
    }
}

impl From<v1::Diagnosis> for Diagnosis {
    fn from(diagnosis: v1::Diagnosis) -> Self {
        let findings = diagnosis.findings.into_iter().map(|finding| Finding {
            kind: finding.kind().into(),
            severity: finding.severity().into(),
            statement: finding.statement,
            advice: finding.advice,
        });
        Self { episodes: diagnosis.episodes, findings: findings.collect() }
    }
}

impl From<v1::diagnosis::Kind> for FindingKind {
    fn from(kind: v1::diagnosis::Kind) -> Self {
        use v1::diagnosis::Kind;
        match kind {
            Kind::Unspecified => Self::Other,
            Kind::NotStarted => Self::NotStarted,
            Kind::Paused => Self::Paused,
            Kind::NeverReported => Self::NeverReported,
            Kind::ReportsStopped => Self::ReportsStopped,
            Kind::Bootstrap => Self::Bootstrap,
            Kind::NoProgress => Self::NoProgress,
            Kind::EqualReturns => Self::EqualReturns,
            Kind::Infeasible => Self::Infeasible,
            Kind::Abandoned => Self::Abandoned,
            Kind::Expired => Self::Expired,
            Kind::OutsideRange => Self::OutsideRange,
            Kind::NarrowRange => Self::NarrowRange,
            Kind::FitFailed => Self::FitFailed,
            Kind::Mastered => Self::Mastered,
            Kind::Worsening => Self::Worsening,
            Kind::StaleReports => Self::StaleReports,
        }
    }
}

impl From<v1::diagnosis::Severity> for Severity {
    fn from(severity: v1::diagnosis::Severity) -> Self {
        use v1::diagnosis::Severity as Wire;
        match severity {
            Wire::Unspecified => Self::Other,
            Wire::Note => Self::Note,
            Wire::Warning => Self::Warning,
            Wire::Problem => Self::Problem,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: i32, severity: i32) -> Finding {
        let finding = v1::diagnosis::Finding {
            kind,
            severity,
            statement: "it is so".to_owned(),
            advice: "do this".to_owned(),
        };
        let diagnosis = v1::Diagnosis { findings: vec![finding], episodes: 7, ..Default::default() };
        let diagnosis = Diagnosis::from(diagnosis);
        assert_eq!(diagnosis.episodes, 7);
        diagnosis.findings[0].clone()
    }

    #[test]
    fn kinds_and_severities_are_written_as_the_contract_names_them() {
        for number in 1.. {
            let Ok(kind) = v1::diagnosis::Kind::try_from(number) else {
                assert!(number > 16, "the contract has 16 kinds at least");
                break;
            };
            let json = serde_json::to_value(read(number, 1)).unwrap();
            assert_eq!(format!("KIND_{}", json["kind"].as_str().unwrap().to_uppercase()), kind.as_str_name());
            assert_eq!((&json["statement"], &json["advice"]), (&"it is so".into(), &"do this".into()));
        }
        for (number, expected) in [(1, Severity::Note), (2, Severity::Warning), (3, Severity::Problem)] {
            assert_eq!(read(1, number).severity, expected);
        }
    }

    #[test]
    fn what_a_newer_server_finds_is_kept_in_its_words() {
        let newer = read(999, 99);
        assert_eq!((newer.kind, newer.severity), (FindingKind::Other, Severity::Other));
        assert_eq!(newer.statement, "it is so");
    }
}
