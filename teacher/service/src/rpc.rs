//! The contract's calls: each reads its request, asks the registry or an owner, and writes the answer.

use std::sync::Arc;

use magister_proto::v1::{self, teacher_service_server::TeacherService};
use tonic::{Request, Response, Status, Streaming};

use crate::{
    error::{Invalid, ServiceError},
    evaluate, inspect,
    ledger::StepInput,
    owner::{Owner, StepAnswer},
    portable,
    registry::Registry,
    teach, wire,
};

/// Answers the calls of `magister.v1.TeacherService`.
#[derive(Clone, Debug)]
pub(crate) struct TeacherRpc {
    registry: Arc<Registry>,
}

impl TeacherRpc {
    pub(crate) fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }

    async fn owner(&self, field: &str, name: &str) -> Result<Owner, ServiceError> {
        self.registry.owner(wire::names::curriculum(field, name)?).await
    }

    async fn create(&self, mut request: v1::CreateCurriculumRequest) -> Result<v1::Curriculum, ServiceError> {
        let key = wire::take_request_key(&mut request, |request| &mut request.request_id, |_| Vec::new())?;
        let fingerprint = wire::fingerprint(&request);
        let name = wire::names::curriculum_id("curriculum_id", &request.curriculum_id)?;
        let Some(curriculum) = request.curriculum else {
            return Err(ServiceError::invalid(Invalid::Request, "curriculum", "is missing"));
        };
        let charter = wire::curriculum::read_charter(curriculum)?;
        let description = self.registry.create(name, charter, key, fingerprint).await?;
        Ok(wire::curriculum::write(&description))
    }

    async fn list(
        &self,
        request: v1::ListCurriculaRequest,
    ) -> Result<v1::ListCurriculaResponse, ServiceError> {
        let size = wire::page_size(request.page_size, (100, 1000))?;
        let after = wire::page_token::<String>("after ", &request.page_token)?.unwrap_or_default();
        let page = self.registry.list(&after, size).await?;
        Ok(v1::ListCurriculaResponse {
            curricula: page.curricula.iter().map(wire::curriculum::write).collect(),
            next_page_token: page.next.map(|name| format!("after {name}")).unwrap_or_default(),
        })
    }

    async fn update(&self, request: v1::UpdateCurriculumRequest) -> Result<v1::Curriculum, ServiceError> {
        let owner = self.owner("name", &request.name).await?;
        let edit = wire::curriculum::read_edit(&owner.charter().settings.teacher, request)?;
        Ok(wire::curriculum::write(&owner.edit(edit).await?))
    }

    async fn sample(
        &self,
        mut request: v1::SampleTasksRequest,
    ) -> Result<v1::SampleTasksResponse, ServiceError> {
        let key = wire::take_request_key(
            &mut request,
            |request| &mut request.request_id,
            |request| vec![&mut request.curriculum],
        )?;
        let owner = self.owner("curriculum", &request.curriculum).await?;
        let answer = owner.step(wire::task::read_sample(request)?, key).await?;
        let (_, tasks) = write_answer(&owner, &answer);
        Ok(v1::SampleTasksResponse { tasks, position: answer.position })
    }

    async fn report(
        &self,
        mut request: v1::ReportEpisodesRequest,
    ) -> Result<v1::ReportEpisodesResponse, ServiceError> {
        let key = wire::take_request_key(
            &mut request,
            |request| &mut request.request_id,
            |request| {
                let tasks = wire::task::names(&mut request.outcomes);
                std::iter::once(&mut request.curriculum).chain(tasks).collect()
            },
        )?;
        let owner = self.owner("curriculum", &request.curriculum).await?;
        if request.outcomes.is_empty() {
            return Err(ServiceError::invalid(Invalid::Request, "outcomes", "is empty: report at least one"));
        }
        let space = &owner.charter().settings.space;
        let outcomes = wire::task::read_outcomes(owner.name(), space, request.outcomes)?;
        let step = StepInput { outcomes, count: 0, student: "".into(), worker: "".into(), lease_ms: None };
        let answer = owner.step(step, key).await?;
        let (receipts, _) = write_answer(&owner, &answer);
        Ok(v1::ReportEpisodesResponse { receipts, position: answer.position })
    }

    async fn distribution(
        &self,
        request: v1::GetDistributionRequest,
    ) -> Result<v1::TaskDistribution, ServiceError> {
        let owner = self.owner("curriculum", &request.curriculum).await?;
        let dated = inspect::distribution(&owner, request.fit).await?;
        Ok(wire::distribution::write(owner.name(), &owner.charter().settings.space, &dated))
    }
}

fn write_answer(owner: &Owner, answer: &StepAnswer) -> (Vec<v1::EpisodeReceipt>, Vec<v1::Task>) {
    wire::task::write_answer(owner.name(), &owner.charter().settings.space, answer)
}

fn answer<T>(result: Result<T, ServiceError>) -> Result<Response<T>, Status> {
    Ok(Response::new(result?))
}

#[tonic::async_trait]
impl TeacherService for TeacherRpc {
    type ExportCurriculumStream = portable::Exporting;
    type TeachStream = teach::Answers;
    type WatchDistributionStream = inspect::Watching;

    async fn create_curriculum(
        &self,
        request: Request<v1::CreateCurriculumRequest>,
    ) -> Result<Response<v1::Curriculum>, Status> {
        answer(self.create(request.into_inner()).await)
    }

    async fn get_curriculum(
        &self,
        request: Request<v1::GetCurriculumRequest>,
    ) -> Result<Response<v1::Curriculum>, Status> {
        let owner = self.owner("name", &request.get_ref().name).await?;
        answer(owner.describe().await.map(|description| wire::curriculum::write(&description)))
    }

    async fn list_curricula(
        &self,
        request: Request<v1::ListCurriculaRequest>,
    ) -> Result<Response<v1::ListCurriculaResponse>, Status> {
        answer(self.list(request.into_inner()).await)
    }

    async fn update_curriculum(
        &self,
        request: Request<v1::UpdateCurriculumRequest>,
    ) -> Result<Response<v1::Curriculum>, Status> {
        answer(self.update(request.into_inner()).await)
    }

    async fn delete_curriculum(
        &self,
        request: Request<v1::DeleteCurriculumRequest>,
    ) -> Result<Response<v1::DeleteCurriculumResponse>, Status> {
        let name = wire::names::curriculum("name", &request.get_ref().name)?;
        answer(self.registry.delete(name).await.map(|()| v1::DeleteCurriculumResponse {}))
    }

    async fn fork_curriculum(
        &self,
        request: Request<v1::ForkCurriculumRequest>,
    ) -> Result<Response<v1::Curriculum>, Status> {
        let request = request.into_inner();
        let source = wire::names::curriculum("source", &request.source)?;
        let name = wire::names::curriculum_id("curriculum_id", &request.curriculum_id)?;
        let forked = self.registry.fork(source, request.position, name, request.seed).await;
        answer(forked.map(|description| wire::curriculum::write(&description)))
    }

    async fn export_curriculum(
        &self,
        request: Request<v1::ExportCurriculumRequest>,
    ) -> Result<Response<Self::ExportCurriculumStream>, Status> {
        let owner = self.owner("name", &request.get_ref().name).await?;
        Ok(Response::new(portable::export(owner)))
    }

    async fn import_curriculum(
        &self,
        request: Request<Streaming<v1::ImportCurriculumRequest>>,
    ) -> Result<Response<v1::Curriculum>, Status> {
        let imported = portable::import(&self.registry, request.into_inner()).await;
        answer(imported.map(|description| wire::curriculum::write(&description)))
    }

    async fn sample_tasks(
        &self,
        request: Request<v1::SampleTasksRequest>,
    ) -> Result<Response<v1::SampleTasksResponse>, Status> {
        answer(self.sample(request.into_inner()).await)
    }

    async fn report_episodes(
        &self,
        request: Request<v1::ReportEpisodesRequest>,
    ) -> Result<Response<v1::ReportEpisodesResponse>, Status> {
        answer(self.report(request.into_inner()).await)
    }

    async fn teach(
        &self,
        request: Request<Streaming<v1::TeachRequest>>,
    ) -> Result<Response<Self::TeachStream>, Status> {
        Ok(Response::new(teach::serve(Arc::clone(&self.registry), request.into_inner())))
    }

    async fn sample_test_tasks(
        &self,
        request: Request<v1::SampleTestTasksRequest>,
    ) -> Result<Response<v1::SampleTestTasksResponse>, Status> {
        let mut request = request.into_inner();
        let key = wire::take_request_key(
            &mut request,
            |request| &mut request.request_id,
            |request| vec![&mut request.curriculum],
        )?;
        let owner = self.owner("curriculum", &request.curriculum).await?;
        answer(evaluate::open(&owner, self.registry.clock(), request, key).await)
    }

    async fn report_evaluations(
        &self,
        request: Request<v1::ReportEvaluationsRequest>,
    ) -> Result<Response<v1::ReportEvaluationsResponse>, Status> {
        let request = request.into_inner();
        let (curriculum, round) = wire::names::evaluation("evaluation", &request.evaluation)?;
        let owner = self.registry.owner(curriculum).await?;
        answer(evaluate::report(&owner, self.registry.clock(), round, request.results).await)
    }

    async fn get_evaluation(
        &self,
        request: Request<v1::GetEvaluationRequest>,
    ) -> Result<Response<v1::Evaluation>, Status> {
        let (curriculum, round) = wire::names::evaluation("name", &request.get_ref().name)?;
        let owner = self.registry.owner(curriculum).await?;
        answer(evaluate::get(&owner, round).await)
    }

    async fn list_evaluations(
        &self,
        request: Request<v1::ListEvaluationsRequest>,
    ) -> Result<Response<v1::ListEvaluationsResponse>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(evaluate::list(&owner, request.into_inner()).await)
    }

    async fn get_mastery(
        &self,
        request: Request<v1::GetMasteryRequest>,
    ) -> Result<Response<v1::Mastery>, Status> {
        let request = request.into_inner();
        let owner = self.owner("curriculum", &request.curriculum).await?;
        answer(evaluate::mastery(&owner, request.student).await)
    }

    async fn get_distribution(
        &self,
        request: Request<v1::GetDistributionRequest>,
    ) -> Result<Response<v1::TaskDistribution>, Status> {
        answer(self.distribution(request.into_inner()).await)
    }

    async fn watch_distribution(
        &self,
        request: Request<v1::WatchDistributionRequest>,
    ) -> Result<Response<Self::WatchDistributionStream>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        Ok(Response::new(inspect::watch(owner, request.get_ref())?))
    }

    async fn list_fits(
        &self,
        request: Request<v1::ListFitsRequest>,
    ) -> Result<Response<v1::ListFitsResponse>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::list_fits(&owner, request.into_inner()).await)
    }

    async fn list_episodes(
        &self,
        request: Request<v1::ListEpisodesRequest>,
    ) -> Result<Response<v1::ListEpisodesResponse>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::list_episodes(&owner, request.into_inner()).await)
    }

    async fn explain_task(
        &self,
        request: Request<v1::ExplainTaskRequest>,
    ) -> Result<Response<v1::ExplainTaskResponse>, Status> {
        let (curriculum, number) = wire::names::task("task", &request.get_ref().task)?;
        let owner = self.registry.owner(curriculum).await?;
        answer(inspect::explain(&owner, number).await)
    }

    async fn get_density(
        &self,
        request: Request<v1::GetDensityRequest>,
    ) -> Result<Response<v1::Density>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::density(&owner, request.into_inner()).await)
    }

    async fn get_progress(
        &self,
        request: Request<v1::GetProgressRequest>,
    ) -> Result<Response<v1::Progress>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::progress(&owner, self.registry.clock(), request.into_inner()).await)
    }

    async fn list_episode_points(
        &self,
        request: Request<v1::ListEpisodePointsRequest>,
    ) -> Result<Response<v1::ListEpisodePointsResponse>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::list_points(&owner, self.registry.clock(), request.into_inner()).await)
    }

    async fn diagnose(
        &self,
        request: Request<v1::DiagnoseRequest>,
    ) -> Result<Response<v1::Diagnosis>, Status> {
        let owner = self.owner("curriculum", &request.get_ref().curriculum).await?;
        answer(inspect::diagnose(&owner, self.registry.clock(), request.into_inner()).await)
    }
}

#[cfg(test)]
mod tests;
