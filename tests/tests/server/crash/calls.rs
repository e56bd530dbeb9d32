//! Calls of the workload, and their answers in a form that can be kept and compared.

use magister_proto::v1;
use magister_tests::Client;
use prost::Message;
use tonic::{Response, Status};

/// One call of a student or a person.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Create(Box<v1::CreateCurriculumRequest>),
    Sample(v1::SampleTasksRequest),
    Report(v1::ReportEpisodesRequest),
    Update(v1::UpdateCurriculumRequest),
    Fork(v1::ForkCurriculumRequest),
    Delete(v1::DeleteCurriculumRequest),
    OpenEvaluation(v1::SampleTestTasksRequest),
    Score(v1::ReportEvaluationsRequest),
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Curriculum(Box<v1::Curriculum>),
    Tasks(v1::SampleTasksResponse),
    Receipts(v1::ReportEpisodesResponse),
    Deleted,
    Opened(v1::SampleTestTasksResponse),
    Scored(v1::ReportEvaluationsResponse),
}

impl Call {
    /// Name of the curriculum that it changes.
    pub(crate) fn curriculum(&self) -> String {
        let of_id = |id: &str| format!("curricula/{id}");
        match self {
            Self::Create(request) => of_id(&request.curriculum_id),
            Self::Fork(request) => of_id(&request.curriculum_id),
            Self::Sample(request) => request.curriculum.clone(),
            Self::Report(request) => request.curriculum.clone(),
            Self::Update(request) => request.name.clone(),
            Self::Delete(request) => request.name.clone(),
            Self::OpenEvaluation(request) => request.curriculum.clone(),
            Self::Score(request) => {
                let (curriculum, _) = request.evaluation.split_once("/evaluations/").expect("a name");
                curriculum.to_owned()
            }
        }
    }

    /// Whether sending it again gives the first answer again.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self {
            Self::Sample(request) => !request.request_id.is_empty(),
            Self::Report(request) => !request.request_id.is_empty(),
            Self::OpenEvaluation(request) => !request.request_id.is_empty(),
            Self::Score(_) => true,
            Self::Create(_) | Self::Update(_) | Self::Fork(_) | Self::Delete(_) => false,
        }
    }

    /// Sends it.
    pub(crate) async fn send(&self, client: &mut Client) -> Result<Answer, Status> {
        Ok(match self.clone() {
            Self::Create(request) => curriculum(client.create_curriculum(*request).await?),
            Self::Update(request) => curriculum(client.update_curriculum(request).await?),
            Self::Fork(request) => curriculum(client.fork_curriculum(request).await?),
            Self::Sample(request) => Answer::Tasks(client.sample_tasks(request).await?.into_inner()),
            Self::Report(request) => Answer::Receipts(client.report_episodes(request).await?.into_inner()),
            Self::OpenEvaluation(request) => {
                Answer::Opened(client.sample_test_tasks(request).await?.into_inner())
            }
            Self::Score(request) => Answer::Scored(client.report_evaluations(request).await?.into_inner()),
            Self::Delete(request) => {
                client.delete_curriculum(request).await?;
                Answer::Deleted
            }
        })
    }
}

impl Answer {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (kind, bytes) = match self {
            Self::Curriculum(message) => (0, message.encode_to_vec()),
            Self::Tasks(message) => (1, message.encode_to_vec()),
            Self::Receipts(message) => (2, message.encode_to_vec()),
            Self::Deleted => (3, Vec::new()),
            Self::Opened(message) => (4, message.encode_to_vec()),
            Self::Scored(message) => (5, message.encode_to_vec()),
        };
        [&[kind], bytes.as_slice()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let (kind, bytes) = bytes.split_first().expect("an answer has a kind");
        match kind {
            0 => Self::Curriculum(Box::new(decode(bytes))),
            1 => Self::Tasks(decode(bytes)),
            2 => Self::Receipts(decode(bytes)),
            3 => Self::Deleted,
            4 => Self::Opened(decode(bytes)),
            5 => Self::Scored(decode(bytes)),
            unknown => panic!("an answer of kind {unknown}"),
        }
    }

    /// Without what may differ between an answer and the same one given again: where its tasks are in their lives,
    /// how long their leases still run, that it is a duplicate, and which results an evaluation has by now.
    pub(crate) fn as_repeated(&self) -> Self {
        let mut answer = self.clone();
        match &mut answer {
            Self::Tasks(tasks) => {
                for task in &mut tasks.tasks {
                    (task.state, task.expire_time) = (0, None);
                }
            }
            Self::Receipts(receipts) => {
                for receipt in &mut receipts.receipts {
                    receipt.duplicate = false;
                }
            }
            Self::Opened(opened) => opened.evaluation = opened.evaluation.take().map(without_results),
            Self::Scored(scored) => scored.evaluation = scored.evaluation.take().map(without_results),
            Self::Curriculum(_) | Self::Deleted => {}
        }
        answer
    }

    /// Without the times, which differ between two servers.
    pub(crate) fn timeless(&self) -> Self {
        let mut answer = self.clone();
        let without = |evaluation: &mut Option<v1::Evaluation>| {
            if let Some(evaluation) = evaluation {
                (evaluation.create_time, evaluation.complete_time) = (None, None);
            }
        };
        match &mut answer {
            Self::Curriculum(curriculum) => **curriculum = timeless(curriculum.as_ref().clone()),
            Self::Tasks(tasks) => {
                for task in &mut tasks.tasks {
                    (task.create_time, task.expire_time) = (None, None);
                }
            }
            Self::Opened(opened) => without(&mut opened.evaluation),
            Self::Scored(scored) => without(&mut scored.evaluation),
            Self::Receipts(_) | Self::Deleted => {}
        }
        answer
    }
}

fn curriculum(answer: Response<v1::Curriculum>) -> Answer {
    Answer::Curriculum(Box::new(answer.into_inner()))
}

/// A curriculum without its time of creation, and without how many fits have arrived, which changes nothing.
pub(crate) fn timeless(curriculum: v1::Curriculum) -> v1::Curriculum {
    v1::Curriculum { create_time: None, fits: 0, ..curriculum }
}

fn without_results(evaluation: v1::Evaluation) -> v1::Evaluation {
    v1::Evaluation {
        results: Vec::new(),
        complete_time: None,
        mastered_share: None,
        mean_return: None,
        ..evaluation
    }
}

fn decode<T: Message + Default>(bytes: &[u8]) -> T {
    T::decode(bytes).expect("it was encoded by this program")
}
