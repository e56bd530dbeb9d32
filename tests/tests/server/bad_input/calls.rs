//! Calls as values, sent to two servers of which only one sees the bad ones.

use std::time::Duration;

use magister_proto::v1;
use magister_tests::{Client, Refusal, TestServer};
use proptest::test_runner::TestCaseError;
use tonic::{Code, Status};

use super::field_paths;

/// Longer than any of these calls takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A call of the contract that this release answers.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Create(Box<v1::CreateCurriculumRequest>),
    Get(v1::GetCurriculumRequest),
    List(v1::ListCurriculaRequest),
    Delete(v1::DeleteCurriculumRequest),
    Sample(v1::SampleTasksRequest),
    Report(v1::ReportEpisodesRequest),
    Distribution(v1::GetDistributionRequest),
    Density(v1::GetDensityRequest),
    Points(v1::ListEpisodePointsRequest),
    Progress(v1::GetProgressRequest),
    Diagnose(v1::DiagnoseRequest),
}

/// Its answer, without what the clock put there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Curriculum(Box<v1::Curriculum>),
    Curricula(v1::ListCurriculaResponse),
    Deleted,
    Tasks(v1::SampleTasksResponse),
    Receipts(v1::ReportEpisodesResponse),
    Distribution(v1::TaskDistribution),
    Density(v1::Density),
    Points(v1::ListEpisodePointsResponse),
    Progress(v1::Progress),
    /// How many episodes were diagnosed: what was found depends on the clock.
    Diagnosed(u64),
}

impl Call {
    /// Name of the request's message.
    fn message(&self) -> &'static str {
        match self {
            Self::Create(_) => "CreateCurriculumRequest",
            Self::Get(_) => "GetCurriculumRequest",
            Self::List(_) => "ListCurriculaRequest",
            Self::Delete(_) => "DeleteCurriculumRequest",
            Self::Sample(_) => "SampleTasksRequest",
            Self::Report(_) => "ReportEpisodesRequest",
            Self::Distribution(_) => "GetDistributionRequest",
            Self::Density(_) => "GetDensityRequest",
            Self::Points(_) => "ListEpisodePointsRequest",
            Self::Progress(_) => "GetProgressRequest",
            Self::Diagnose(_) => "DiagnoseRequest",
        }
    }

    async fn send(self, client: &mut Client) -> Result<Answer, Status> {
        Ok(match self {
            Self::Create(request) => curriculum(client.create_curriculum(*request).await?.into_inner()),
            Self::Get(request) => curriculum(client.get_curriculum(request).await?.into_inner()),
            Self::List(request) => {
                let mut page = client.list_curricula(request).await?.into_inner();
                page.curricula.iter_mut().for_each(forget_the_clock);
                Answer::Curricula(page)
            }
            Self::Delete(request) => {
                client.delete_curriculum(request).await?;
                Answer::Deleted
            }
            Self::Sample(request) => {
                let mut answer = client.sample_tasks(request).await?.into_inner();
                for task in &mut answer.tasks {
                    (task.create_time, task.expire_time) = (None, None);
                }
                Answer::Tasks(answer)
            }
            Self::Report(request) => Answer::Receipts(client.report_episodes(request).await?.into_inner()),
            Self::Distribution(request) => {
                Answer::Distribution(client.get_distribution(request).await?.into_inner())
            }
            Self::Density(request) => Answer::Density(client.get_density(request).await?.into_inner()),
            Self::Points(request) => Answer::Points(client.list_episode_points(request).await?.into_inner()),
            Self::Progress(request) => {
                let mut progress = client.get_progress(request).await?.into_inner();
                (progress.episodes_per_second, progress.students) = (0.0, Vec::new());
                for bucket in progress.buckets.iter_mut().chain(&mut progress.recent) {
                    (bucket.end_time, bucket.components) = (None, None);
                }
                Answer::Progress(progress)
            }
            Self::Diagnose(request) => {
                let diagnosis = client.diagnose(request).await?.into_inner();
                assert!(
                    diagnosis.findings.iter().all(|finding| finding.statement.len() > 10),
                    "{diagnosis:?}"
                );
                Answer::Diagnosed(diagnosis.episodes)
            }
        })
    }
}

fn curriculum(mut curriculum: v1::Curriculum) -> Answer {
    forget_the_clock(&mut curriculum);
    Answer::Curriculum(Box::new(curriculum))
}

/// When a fit is finished is a matter of wall time too.
fn forget_the_clock(curriculum: &mut v1::Curriculum) {
    (curriculum.create_time, curriculum.fits) = (None, 0);
}

/// A fit that one server has finished may still be under way at the other.
async fn send_to_twin(call: &Call, twin: &mut Client) -> Result<Answer, Status> {
    loop {
        match call.clone().send(twin).await {
            Err(status)
                if Refusal::read(&status)
                    .is_ok_and(|refusal| refusal.reason == v1::ErrorReason::FitNotFound) =>
            {
                tokio::task::yield_now().await;
            }
            answer => return answer,
        }
    }
}

/// A server that takes every call, and its twin that takes only those that succeeded there.
pub(crate) struct Twins {
    servers: [TestServer; 2],
    clients: [Client; 2],
}

impl Twins {
    pub(crate) async fn start() -> Self {
        Self::with([TestServer::start().await, TestServer::start().await]).await
    }

    async fn with(servers: [TestServer; 2]) -> Self {
        let clients = [servers[0].client().await, servers[1].client().await];
        Self { servers, clients }
    }

    /// Both again, from what is on their disks.
    pub(crate) async fn restart(self) -> Self {
        let [first, second] = self.servers;
        Self::with([first.restart().await, second.restart().await]).await
    }

    /// Sends a call. Its answer must be the twin's; its refusal must keep the contract.
    pub(crate) async fn send(&mut self, call: Call) -> Result<Result<Answer, Refusal>, TestCaseError> {
        let failed = |problem: String| {
            let call = format!("{call:?}");
            TestCaseError::fail(format!("{problem}\nin {}", call.chars().take(4000).collect::<String>()))
        };
        let answer = tokio::time::timeout(PATIENCE, call.clone().send(&mut self.clients[0]))
            .await
            .map_err(|_| failed("no answer came".to_owned()))?;
        match answer {
            Ok(answer) => {
                let twin = tokio::time::timeout(PATIENCE, send_to_twin(&call, &mut self.clients[1]))
                    .await
                    .map_err(|_| failed("no answer came from the twin".to_owned()))?
                    .map_err(|status| failed(format!("the twin refused: {status:?}")))?;
                if answer == twin {
                    Ok(Ok(answer))
                } else {
                    Err(failed(format!("the twin answered {twin:?}\ninstead of {answer:?}")))
                }
            }
            Err(status) => {
                let refusal = Refusal::read(&status).map_err(&failed)?;
                if matches!(status.code(), Code::Internal | Code::Unavailable) {
                    return Err(failed(format!("{status:?}")));
                }
                for field in &refusal.fields {
                    field_paths::check(call.message(), field)
                        .map_err(|problem| failed(format!("{problem}: {status:?}")))?;
                }
                Ok(Err(refusal))
            }
        }
    }

    /// Sends a call that must succeed.
    pub(crate) async fn succeed(&mut self, call: Call) -> Result<Answer, TestCaseError> {
        self.send(call).await?.map_err(|refusal| TestCaseError::fail(format!("{refusal:?}")))
    }
}
