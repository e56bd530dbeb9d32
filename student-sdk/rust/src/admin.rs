//! Looking after curricula: making, editing, forking and deleting them.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use magister_proto::v1;

use crate::{
    client::Client,
    curriculum::Curriculum,
    error::{Error, Reason},
    info::CurriculumInfo,
    spec::{CurriculumSpec, write_duration},
    teacher::Criterion,
};

/// Changes of what may change while a curriculum lives; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CurriculumEdit {
    /// Whether it is to hand out no tasks.
    pub paused: Option<bool>,
    /// Name for people, at most 256 bytes.
    pub display_name: Option<String>,
    /// Return above which a task is mastered.
    pub mastery_threshold: Option<f64>,
    /// How long a worker may hold a task that is handed out from now on.
    pub lease_duration: Option<Duration>,
    /// Tasks that one student may hold open at once.
    pub max_open_tasks: Option<u32>,
    /// Episodes after which a report is refused.
    pub max_staleness_episodes: Option<u64>,
    /// Parameters of ALP-GMM; refused for other teachers.
    pub alp_gmm: Option<AlpGmmEdit>,
}

/// Changes of the parameters of ALP-GMM that may change while it teaches; see [`AlpGmm`](crate::AlpGmm).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AlpGmmEdit {
    /// Episodes between two fits, and length of the window of one.
    pub fit_rate: Option<u32>,
    /// Share of tasks drawn uniformly.
    pub random_task_ratio: Option<f64>,
    /// Fewest components tried.
    pub min_components: Option<u32>,
    /// Most components tried.
    pub max_components: Option<u32>,
    /// What chooses between numbers of components.
    pub criterion: Option<Criterion>,
    /// Random starts for each number of components.
    pub em_initialisations: Option<u32>,
    /// Episodes from a fit's falling due to its effect.
    pub fit_lag_episodes: Option<u32>,
}

/// How a copy is to differ from its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fork {
    /// Position to copy up to; `None`: now.
    pub position: Option<u64>,
    /// Seed of everything sampled and fitted after the fork; `None`: the source's.
    pub seed: Option<u64>,
}

impl Client {
    /// A handle of a curriculum, without asking whether there is one.
    pub fn curriculum(&self, id: &str) -> Curriculum {
        Curriculum::new(self.clone(), format!("curricula/{id}"))
    }

    /// Makes a curriculum that must not exist yet.
    ///
    /// # Errors
    /// [`Error::Refused`]: with reason [`Reason::CurriculumExists`] if the name is taken, with others if the settings are
    /// not valid.
    pub async fn create(&self, spec: CurriculumSpec) -> Result<CurriculumInfo, Error> {
        let request = v1::CreateCurriculumRequest {
            curriculum_id: spec.id().to_owned(),
            curriculum: Some(spec.to_wire()),
            request_id: self.request_id(),
        };
        self.call(request, |mut rpc, request| async move { rpc.create_curriculum(request).await })
            .await?
            .try_into()
    }

    /// Deletes a curriculum and everything it holds.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::CurriculumNotFound`] if there is none.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        let request = v1::DeleteCurriculumRequest { name: format!("curricula/{id}") };
        let attempts = AtomicU32::new(0);
        let deleted = self
            .call(request, |mut rpc, request| {
                attempts.fetch_add(1, Ordering::Relaxed);
                async move { rpc.delete_curriculum(request).await }
            })
            .await;
        match deleted {
            // An earlier attempt did it, and its reply was lost.
            Err(error)
                if error.reason() == Some(&Reason::CurriculumNotFound)
                    && attempts.load(Ordering::Relaxed) > 1 =>
            {
                Ok(())
            }
            deleted => deleted.map(|_| ()),
        }
    }
}

impl Curriculum {
    /// Changes what may change while it lives: all of the edit or, if a part is refused, nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] with the fields to mend.
    pub async fn edit(&self, edit: CurriculumEdit) -> Result<CurriculumInfo, Error> {
        let request = edit.into_wire(self.name().to_owned());
        self.client()
            .call(request, |mut rpc, request| async move { rpc.update_curriculum(request).await })
            .await?
            .try_into()
    }

    /// Hands out no tasks until it is resumed; reports are taken and leases stand still.
    ///
    /// # Errors
    /// As [`Curriculum::edit`].
    pub async fn pause(&self) -> Result<CurriculumInfo, Error> {
        self.edit(CurriculumEdit { paused: Some(true), ..Default::default() }).await
    }

    /// Hands out tasks again.
    ///
    /// # Errors
    /// As [`Curriculum::edit`].
    pub async fn resume(&self) -> Result<CurriculumInfo, Error> {
        self.edit(CurriculumEdit { paused: Some(false), ..Default::default() }).await
    }

    /// Copies it under another id, as it was at a position. Evaluations are not copied.
    ///
    /// # Errors
    /// [`Error::Refused`] with reason [`Reason::CurriculumExists`] or [`Reason::PositionOutOfRange`].
    pub async fn fork(&self, id: &str, fork: Fork) -> Result<CurriculumInfo, Error> {
        let request = v1::ForkCurriculumRequest {
            source: self.name().to_owned(),
            position: fork.position,
            curriculum_id: id.to_owned(),
            seed: fork.seed,
        };
        let attempts = AtomicU32::new(0);
        let forked = self
            .client()
            .call(request, |mut rpc, request| {
                attempts.fetch_add(1, Ordering::Relaxed);
                async move { rpc.fork_curriculum(request).await }
            })
            .await;
        match forked {
            Err(error)
                if error.reason() == Some(&Reason::CurriculumExists)
                    && attempts.load(Ordering::Relaxed) > 1 =>
            {
                // Perhaps made by an earlier attempt whose reply was lost.
                let existing = self.client().curriculum(id).describe().await?;
                let point = existing.forked_from.as_ref();
                let same = point.is_some_and(|point| {
                    self.name().strip_prefix("curricula/") == Some(&point.curriculum)
                        && fork.position.is_none_or(|position| position == point.position)
                        && fork.seed.is_none_or(|seed| seed == existing.seed)
                });
                if same { Ok(existing) } else { Err(error) }
            }
            forked => forked?.try_into(),
        }
    }
}

impl CurriculumEdit {
    fn into_wire(self, name: String) -> v1::UpdateCurriculumRequest {
        v1::UpdateCurriculumRequest {
            name,
            paused: self.paused,
            display_name: self.display_name,
            mastery_threshold: self.mastery_threshold,
            lease_duration: self.lease_duration.map(write_duration),
            max_open_tasks: self.max_open_tasks,
            max_staleness_episodes: self.max_staleness_episodes,
            alp_gmm: self.alp_gmm.map(|edit| v1::update_curriculum_request::AlpGmmEdit {
                fit_rate: edit.fit_rate,
                random_task_ratio: edit.random_task_ratio,
                min_components: edit.min_components,
                max_components: edit.max_components,
                criterion: Criterion::to_wire(edit.criterion).into(),
                em_initialisations: edit.em_initialisations,
                fit_lag_episodes: edit.fit_lag_episodes,
            }),
        }
    }
}
