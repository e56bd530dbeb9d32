//! The contract in memory: what the proto's comments say of leases, outcomes, request ids, pauses and edits, without
//! network, disk or concurrency. Tasks and ALP come from the core, given the same order.

use std::{collections::HashMap, sync::Arc};

use magister_core::{
    curriculum::{Curriculum, CurriculumSettings},
    fit::Fit,
    space::{Task, TaskSpace},
    teacher::{EpisodeResult, ExplorationReason, NearestEpisode, Origin, TeacherEdit, alp_gmm::AlpGmmEdit},
};
use magister_proto::v1::{self, ErrorReason};
use v1::episode_outcome::Outcome;

/// Milliseconds.
pub(crate) type Millis = u64;

/// How a call is refused: its reason and the fields to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: ErrorReason,
    pub(crate) fields: Vec<String>,
}

impl Refused {
    fn new(reason: ErrorReason) -> Self {
        Self { reason, fields: Vec::new() }
    }

    fn field(reason: ErrorReason, field: impl Into<String>) -> Self {
        Self { reason, fields: vec![field.into()] }
    }
}

/// A request with an id, without that id.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Sample(v1::SampleTasksRequest),
    Report(v1::ReportEpisodesRequest),
    Step(v1::teach_request::Open, v1::teach_request::Step),
}

/// What an answer to a step consists of, by the numbers of tasks.
#[derive(Clone, Debug)]
struct Answered {
    reported: Vec<u64>,
    sampled: Vec<u64>,
    position: u64,
}

#[derive(Clone, Debug)]
struct TwinTask {
    task: Task,
    student: String,
    worker: String,
    /// `None` if the teacher did not hand it out.
    drawn: Option<(Origin, f64)>,
    sampled_at_episode: u64,
    /// Since the Unix epoch.
    created_ms: Millis,
    lease_ms: Millis,
    /// On the server's clock, while it is open.
    deadline_ms: Option<Millis>,
    outcome: Option<TwinOutcome>,
}

#[derive(Clone, Debug)]
struct TwinOutcome {
    receipt: v1::EpisodeReceipt,
    episode: v1::Episode,
    position: u64,
    nearest: Option<NearestEpisode>,
}

/// One outcome that can be read.
struct Told {
    subject: Subject,
    outcome: Outcome,
}

enum Subject {
    HandedOut { number: u64, played: Option<Task> },
    Unsolicited { task: Task, student: String, worker: String },
}

/// The twin of a server with one curriculum.
#[derive(Debug)]
pub(crate) struct Twin {
    curriculum: Curriculum,
    fits: Vec<Fit>,
    /// As it was created, with what was edited since; what is counted is filled in when it is asked for.
    described: v1::Curriculum,
    tasks: Vec<TwinTask>,
    position: u64,
    requests: HashMap<String, (Asked, Answered)>,
    /// When the present server started, since the Unix epoch.
    started_ms: Millis,
    /// Time of the present server.
    now_ms: Millis,
    /// A curriculum is read from the store when it is first called: then its leases begin anew.
    is_loaded: bool,
    paused_at_ms: Option<Millis>,
}

impl Twin {
    /// The twin of a curriculum that was just created, and described so.
    pub(crate) fn new(settings: CurriculumSettings, described: v1::Curriculum) -> Self {
        let created = described.create_time.expect("a curriculum has a time of creation");
        Self {
            curriculum: Curriculum::new(settings).expect("the service accepted the settings"),
            fits: Vec::new(),
            started_ms: to_millis(created),
            described,
            tasks: Vec::new(),
            position: 0,
            requests: HashMap::new(),
            now_ms: 0,
            is_loaded: true,
            paused_at_ms: None,
        }
    }

    /// Time goes by.
    pub(crate) fn pass(&mut self, ms: Millis) {
        self.now_ms += ms;
        if self.is_loaded {
            self.expire();
        }
    }

    /// The server is stopped and another is started at a time of its own.
    pub(crate) fn restart(&mut self, started: prost_types::Timestamp) {
        (self.started_ms, self.now_ms, self.is_loaded) = (to_millis(started), 0, false);
    }

    /// How many tasks there are.
    pub(crate) fn task_count(&self) -> u64 {
        self.tasks.len() as u64
    }

    /// Fits that fell due, all of which finish.
    pub(crate) fn fits(&self) -> &[Fit] {
        &self.fits
    }

    /// The core's curriculum.
    pub(crate) fn core(&self) -> &Curriculum {
        &self.curriculum
    }

    pub(crate) fn sample(
        &mut self,
        mut request: v1::SampleTasksRequest,
    ) -> Result<v1::SampleTasksResponse, Refused> {
        self.touch();
        let id = std::mem::take(&mut request.request_id);
        let lease_ms = request.lease_duration.map(read_lease).transpose()?;
        let count = request.count.max(1);
        let (student, worker) = (request.student.clone(), request.worker.clone());
        let asked = Asked::Sample(request);
        let answered = self.step(id, asked, Vec::new(), count, (&student, &worker), lease_ms)?;
        Ok(v1::SampleTasksResponse { tasks: self.tasks_of(&answered.0), position: answered.0.position })
    }

    pub(crate) fn report(
        &mut self,
        mut request: v1::ReportEpisodesRequest,
    ) -> Result<v1::ReportEpisodesResponse, Refused> {
        let id = std::mem::take(&mut request.request_id);
        if request.outcomes.is_empty() {
            self.touch();
            return Err(Refused::field(ErrorReason::InvalidRequest, "outcomes"));
        }
        let told = self.read(&request.outcomes)?;
        let asked = Asked::Report(request);
        let (answered, receipts) = self.step(id, asked, told, 0, ("", ""), None)?;
        Ok(v1::ReportEpisodesResponse { receipts, position: answered.position })
    }

    pub(crate) fn teach(
        &mut self,
        open: &v1::teach_request::Open,
        mut step: v1::teach_request::Step,
    ) -> Result<v1::TeachResponse, Refused> {
        let id = std::mem::take(&mut step.request_id);
        if step.outcomes.is_empty() && step.count == 0 {
            self.touch();
            return Err(Refused::field(ErrorReason::InvalidRequest, "step"));
        }
        let told = self.read(&step.outcomes)?;
        let count = step.count;
        let asked = Asked::Step(open.clone(), step);
        let (answered, receipts) = self.step(id, asked, told, count, (&open.student, &open.worker), None)?;
        Ok(v1::TeachResponse { receipts, tasks: self.tasks_of(&answered), position: answered.position })
    }

    pub(crate) fn update(
        &mut self,
        request: &v1::UpdateCurriculumRequest,
    ) -> Result<v1::Curriculum, Refused> {
        self.touch();
        let lease_ms = request.lease_duration.map(read_lease).transpose()?;
        let edit = request.alp_gmm.as_ref().map(|edit| self.read_edit(edit)).transpose()?;
        if request.mastery_threshold.is_some_and(|threshold| !threshold.is_finite()) {
            return Err(Refused::field(ErrorReason::InvalidRequest, "mastery_threshold"));
        }
        if request.max_open_tasks.is_some_and(|tasks| !(1..=1_000_000).contains(&tasks)) {
            return Err(Refused::field(ErrorReason::InvalidRequest, "max_open_tasks"));
        }
        self.expire();
        if let Some(edit) = &edit {
            let refuse = |field| Refused::field(ErrorReason::InvalidTeacher, format!("alp_gmm.{field}"));
            self.curriculum.edit(edit).map_err(|error| refuse(error.field))?;
        }
        let before = self.described.clone();
        if let Some(paused) = request.paused {
            self.set_paused(paused);
        }
        let live = &mut self.described;
        live.display_name = request.display_name.clone().unwrap_or(live.display_name.clone());
        live.mastery_threshold = request.mastery_threshold.or(live.mastery_threshold);
        live.lease_duration = lease_ms.map(to_duration).or(live.lease_duration);
        live.max_open_tasks = request.max_open_tasks.or(live.max_open_tasks);
        live.max_staleness_episodes = request.max_staleness_episodes.or(live.max_staleness_episodes);
        if let Some(edit) = &request.alp_gmm {
            self.show_edit(edit);
        }
        if edit.is_some() || self.described != before {
            self.position += 1;
        }
        Ok(self.describe())
    }

    /// The curriculum; with the fits that fell due, though some of them may not have arrived yet.
    pub(crate) fn describe(&mut self) -> v1::Curriculum {
        self.touch();
        v1::Curriculum {
            position: self.position,
            tasks: self.curriculum.tasks(),
            episodes: self.curriculum.episodes(),
            open_tasks: self.tasks.iter().filter(|task| task.deadline_ms.is_some()).count() as u64,
            fits: self.fits.len() as u64,
            ..self.described.clone()
        }
    }

    pub(crate) fn episodes(&mut self, request: &v1::ListEpisodesRequest) -> Vec<v1::Episode> {
        self.touch();
        let states = match request.states.as_slice() {
            [] => vec![v1::TaskState::Completed.into(), v1::TaskState::Infeasible.into()],
            states => states.to_vec(),
        };
        let mut outcomes: Vec<&TwinOutcome> =
            self.tasks.iter().filter_map(|task| task.outcome.as_ref()).collect();
        outcomes.sort_by_key(|outcome| outcome.position);
        if request.newest_first {
            outcomes.reverse();
        }
        let passes = |episode: &&v1::Episode| {
            states.contains(&episode.state)
                && request.student.as_ref().is_none_or(|student| *student == episode.student)
                && request.from_episode.is_none_or(|from| episode.number.is_some_and(|number| number >= from))
                && request
                    .before_episode
                    .is_none_or(|before| episode.number.is_some_and(|number| number < before))
        };
        outcomes.into_iter().map(|outcome| &outcome.episode).filter(passes).cloned().collect()
    }

    pub(crate) fn explain(&mut self, number: u64) -> Result<v1::ExplainTaskResponse, Refused> {
        self.touch();
        let Some(task) = number.checked_sub(1).and_then(|index| self.tasks.get(index as usize)) else {
            return Err(Refused::new(ErrorReason::TaskNotFound));
        };
        let nearest = task.outcome.as_ref().and_then(|outcome| outcome.nearest);
        let of_number = |number| {
            let mut episodes = self.tasks.iter().filter_map(|task| Some(&task.outcome.as_ref()?.episode));
            episodes.find(|episode| episode.number == Some(number)).cloned()
        };
        Ok(v1::ExplainTaskResponse {
            task: Some(self.write_task(number)),
            origin_probability: task.drawn.map_or(0.0, |(_, probability)| probability),
            episode: task.outcome.as_ref().map(|outcome| outcome.episode.clone()),
            nearest: nearest.and_then(|nearest| of_number(nearest.number)),
            nearest_distance: nearest.map(|nearest| nearest.distance),
            ..Default::default()
        })
    }

    /// The curriculum is called: if it was not yet, its leases are renewed; then those that have run out end.
    fn touch(&mut self) {
        if !self.is_loaded {
            self.is_loaded = true;
            let now_ms = self.now_ms;
            for task in &mut self.tasks {
                task.deadline_ms = task.deadline_ms.map(|_| now_ms + task.lease_ms);
            }
            self.paused_at_ms = self.is_paused().then_some(now_ms);
        }
        self.expire();
    }

    fn is_paused(&self) -> bool {
        self.described.state() == v1::curriculum::State::Paused
    }

    fn set_paused(&mut self, paused: bool) {
        match (self.is_paused(), paused) {
            (false, true) => self.paused_at_ms = Some(self.now_ms),
            (true, false) => {
                let pause_ms = self.now_ms - self.paused_at_ms.take().expect("it was paused");
                for deadline_ms in self.tasks.iter_mut().filter_map(|task| task.deadline_ms.as_mut()) {
                    *deadline_ms += pause_ms;
                }
            }
            _ => {}
        }
        let state = if paused { v1::curriculum::State::Paused } else { v1::curriculum::State::Active };
        self.described.state = state.into();
    }

    fn expire(&mut self) {
        if self.is_paused() {
            return;
        }
        for task in &mut self.tasks {
            if task.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= self.now_ms) {
                task.deadline_ms = None;
                self.position += 1;
            }
        }
    }

    /// Takes outcomes and hands out tasks: all of it, or none. The receipts say whether they are duplicates.
    fn step(
        &mut self,
        id: String,
        asked: Asked,
        told: Vec<Told>,
        count: u32,
        (student, worker): (&str, &str),
        lease_ms: Option<Millis>,
    ) -> Result<(Answered, Vec<v1::EpisodeReceipt>), Refused> {
        self.touch();
        if let Some((before, answered)) = self.requests.get(&id).filter(|_| !id.is_empty()) {
            if *before != asked {
                return Err(Refused::new(ErrorReason::RequestIdReused));
            }
            let receipts = answered.reported.iter().map(|&number| self.receipt_again(number)).collect();
            return Ok((answered.clone(), receipts));
        }
        for (index, told) in told.iter().enumerate() {
            if let Subject::HandedOut { number, .. } = told.subject
                && !(1..=self.task_count()).contains(&number)
            {
                let field = format!("outcomes[{index}].task");
                return Err(Refused::field(ErrorReason::TaskNotFound, field));
            }
        }
        if count > 0 {
            self.check_room(&told, count, student)?;
        }
        let mut answered = Answered { reported: Vec::new(), sampled: Vec::new(), position: 0 };
        let mut receipts = Vec::new();
        for told in told {
            let receipt = self.accept(told);
            let (_, number) = receipt.task.rsplit_once('/').expect("a name has a number");
            answered.reported.push(number.parse().expect("a name has a number"));
            receipts.push(receipt);
        }
        for _ in 0..count {
            self.hand_out(student, worker, lease_ms);
            answered.sampled.push(self.task_count());
        }
        answered.position = self.position;
        if !id.is_empty() {
            self.requests.insert(id, (asked, answered.clone()));
        }
        Ok((answered, receipts))
    }

    fn check_room(&self, told: &[Told], count: u32, student: &str) -> Result<(), Refused> {
        if self.is_paused() {
            return Err(Refused::new(ErrorReason::CurriculumPaused));
        }
        let is_closed_now = |number: usize| {
            told.iter().any(|told| {
                matches!(told.subject, Subject::HandedOut { number: reported, .. } if reported == number as u64)
            })
        };
        let open = self.tasks.iter().enumerate().filter(|(index, task)| {
            task.deadline_ms.is_some() && task.student == student && !is_closed_now(index + 1)
        });
        let limit = self.described.max_open_tasks.expect("descriptions have every default filled in");
        match open.count() as u64 + u64::from(count) > u64::from(limit) {
            true => Err(Refused::new(ErrorReason::TooManyOpenTasks)),
            false => Ok(()),
        }
    }

    fn hand_out(&mut self, student: &str, worker: &str, lease_ms: Option<Millis>) {
        let sample = self.curriculum.sample().expect("fits are run as soon as they fall due");
        let lease_ms =
            lease_ms.unwrap_or_else(|| from_duration(self.described.lease_duration.expect("filled in")));
        self.position += 1;
        self.tasks.push(TwinTask {
            task: sample.task,
            student: student.into(),
            worker: worker.into(),
            drawn: Some((sample.origin, sample.origin_probability)),
            sampled_at_episode: self.curriculum.episodes(),
            created_ms: self.started_ms + self.now_ms,
            lease_ms,
            deadline_ms: Some(self.now_ms + lease_ms),
            outcome: None,
        });
    }

    fn accept(&mut self, told: Told) -> v1::EpisodeReceipt {
        let (number, played) = match told.subject {
            Subject::HandedOut { number, played } => (number, played),
            Subject::Unsolicited { task, student, worker } => {
                self.curriculum.skip_task();
                self.position += 1;
                self.tasks.push(TwinTask {
                    task,
                    student,
                    worker,
                    drawn: None,
                    sampled_at_episode: self.curriculum.episodes(),
                    created_ms: self.started_ms + self.now_ms,
                    lease_ms: 0,
                    deadline_ms: None,
                    outcome: None,
                });
                (self.task_count(), None)
            }
        };
        let index = number as usize - 1;
        if self.tasks[index].outcome.is_some() {
            return self.receipt_again(number);
        }
        let was_open = self.tasks[index].deadline_ms.take().is_some();
        let task = self.tasks[index].clone();
        self.position += 1;
        let staleness = self.curriculum.episodes() - task.sampled_at_episode;
        let is_stale = self.described.max_staleness_episodes.is_some_and(|most| staleness > most);
        let played = played.unwrap_or_else(|| task.task.clone());
        let result = match &told.outcome {
            _ if is_stale => None,
            Outcome::Completed(completed) => Some(EpisodeResult::Completed(completed.episode_return)),
            Outcome::Infeasible(_) => Some(EpisodeResult::Infeasible),
            Outcome::Abandoned(_) => None,
        };
        let observed = result.map(|result| {
            let observed = self.curriculum.observe(&played, result, &task.student);
            observed.expect("returns that are not finite are refused")
        });
        while let Some(job) = self.curriculum.next_fit_job() {
            let fit = job.run();
            self.fits.push(fit.clone());
            self.curriculum.install(fit).expect("it was just due");
        }
        let late = !was_open && task.drawn.is_some();
        let state = match &told.outcome {
            _ if is_stale => v1::TaskState::Expired,
            Outcome::Completed(_) => v1::TaskState::Completed,
            Outcome::Infeasible(_) => v1::TaskState::Infeasible,
            Outcome::Abandoned(_) => v1::TaskState::Abandoned,
        };
        let number_of_episode = observed.map(|_| self.curriculum.episodes());
        let alp = observed.and_then(|observed| observed.alp);
        let name = self.name_of(number);
        let mut episode = v1::Episode {
            number: number_of_episode,
            task: name.clone(),
            parameters: Some(write_parameters(self.curriculum.space(), &played)),
            state: state.into(),
            student: task.student.clone(),
            worker: task.worker.clone(),
            alp,
            late,
            accept_time: Some(to_time(self.started_ms + self.now_ms)),
            origin: Some(write_origin(task.drawn)),
            ..Default::default()
        };
        match told.outcome {
            _ if is_stale => {}
            Outcome::Completed(completed) => {
                episode.episode_return = Some(completed.episode_return);
                episode.length = completed.length;
                episode.end = completed.end;
                episode.success = completed.success;
                episode.student_step = completed.student_step;
            }
            Outcome::Infeasible(infeasible) => episode.message = infeasible.message,
            Outcome::Abandoned(abandoned) => episode.message = abandoned.message,
        }
        let receipt = v1::EpisodeReceipt {
            task: name,
            state: state.into(),
            episode: number_of_episode,
            alp,
            late,
            duplicate: false,
        };
        let nearest = observed.and_then(|observed| observed.nearest);
        self.tasks[index].outcome =
            Some(TwinOutcome { receipt: receipt.clone(), episode, position: self.position, nearest });
        receipt
    }

    fn receipt_again(&self, number: u64) -> v1::EpisodeReceipt {
        let outcome = self.tasks[number as usize - 1].outcome.as_ref();
        v1::EpisodeReceipt { duplicate: true, ..outcome.expect("it was reported").receipt.clone() }
    }

    /// Reads outcomes, all or none: every one that cannot be read is named.
    fn read(&mut self, outcomes: &[v1::EpisodeOutcome]) -> Result<Vec<Told>, Refused> {
        self.touch();
        let mut told = Vec::new();
        let mut refused: Option<Refused> = None;
        for (index, outcome) in outcomes.iter().enumerate() {
            match self.read_one(outcome) {
                Ok(one) => told.push(one),
                Err(error) => {
                    let field = |field: &String| format!("outcomes[{index}].{field}");
                    let fields = error.fields.iter().map(field).collect();
                    match &mut refused {
                        _ if error.reason == ErrorReason::TaskNotFound => {
                            return Err(Refused { reason: error.reason, fields });
                        }
                        None => refused = Some(Refused { reason: error.reason, fields }),
                        Some(refused) => refused.fields.extend(fields),
                    }
                }
            }
        }
        refused.map_or(Ok(told), Err)
    }

    fn read_one(&self, given: &v1::EpisodeOutcome) -> Result<Told, Refused> {
        let space = self.curriculum.space();
        let read = |parameters| {
            let refuse =
                |name| Refused::field(ErrorReason::InvalidTask, format!("parameters.values[{name:?}]"));
            read_parameters(space, parameters).map_err(refuse)
        };
        let played = given.parameters.as_ref().map(read).transpose()?;
        let refuse = |field: &str| Refused::field(ErrorReason::InvalidOutcome, field);
        let outcome = match given.outcome.clone() {
            None => return Err(refuse("outcome")),
            Some(Outcome::Completed(completed)) if !completed.episode_return.is_finite() => {
                return Err(refuse("completed.episode_return"));
            }
            Some(outcome) => outcome,
        };
        let subject = match (given.task.as_str(), played) {
            ("", None) => return Err(refuse("task")),
            ("", Some(task)) => {
                Subject::Unsolicited { task, student: given.student.clone(), worker: given.worker.clone() }
            }
            (name, played) => {
                let own = name.strip_prefix(&format!("{}/tasks/", self.described.name));
                let Some(number) = own.and_then(|number| number.parse().ok()) else {
                    return Err(Refused::field(ErrorReason::TaskNotFound, "task"));
                };
                Subject::HandedOut { number, played }
            }
        };
        Ok(Told { subject, outcome })
    }

    fn read_edit(&self, edit: &v1::update_curriculum_request::AlpGmmEdit) -> Result<TeacherEdit, Refused> {
        let algorithm = self.described.teacher.as_ref().and_then(|teacher| teacher.algorithm.as_ref());
        let Some(v1::teacher_spec::Algorithm::AlpGmm(_)) = algorithm else {
            return Err(Refused::field(ErrorReason::InvalidTeacher, "alp_gmm"));
        };
        Ok(TeacherEdit::AlpGmm(AlpGmmEdit {
            fit_rate: edit.fit_rate,
            random_task_ratio: edit.random_task_ratio,
            min_components: edit.min_components,
            max_components: edit.max_components,
            criterion: None,
            em_initialisations: edit.em_initialisations,
            fit_lag_episodes: edit.fit_lag_episodes,
        }))
    }

    fn show_edit(&mut self, edit: &v1::update_curriculum_request::AlpGmmEdit) {
        let algorithm = self.described.teacher.as_mut().and_then(|teacher| teacher.algorithm.as_mut());
        if let Some(v1::teacher_spec::Algorithm::AlpGmm(alp_gmm)) = algorithm {
            alp_gmm.fit_rate = edit.fit_rate.or(alp_gmm.fit_rate);
            alp_gmm.random_task_ratio = edit.random_task_ratio.or(alp_gmm.random_task_ratio);
            alp_gmm.min_components = edit.min_components.or(alp_gmm.min_components);
            alp_gmm.max_components = edit.max_components.or(alp_gmm.max_components);
            alp_gmm.em_initialisations = edit.em_initialisations.or(alp_gmm.em_initialisations);
            alp_gmm.fit_lag_episodes = edit.fit_lag_episodes.or(alp_gmm.fit_lag_episodes);
        }
    }

    fn tasks_of(&self, answered: &Answered) -> Vec<v1::Task> {
        answered.sampled.iter().map(|&number| self.write_task(number)).collect()
    }

    fn write_task(&self, number: u64) -> v1::Task {
        let task = &self.tasks[number as usize - 1];
        let state = match (&task.outcome, task.deadline_ms) {
            (Some(outcome), _) => outcome.receipt.state(),
            (None, Some(_)) => v1::TaskState::Open,
            (None, None) => v1::TaskState::Expired,
        };
        v1::Task {
            name: self.name_of(number),
            parameters: Some(write_parameters(self.curriculum.space(), &task.task)),
            state: state.into(),
            student: task.student.clone(),
            worker: task.worker.clone(),
            create_time: Some(to_time(task.created_ms)),
            expire_time: task.deadline_ms.map(|deadline_ms| to_time(self.started_ms + deadline_ms)),
            origin: Some(write_origin(task.drawn)),
            sampled_at_episode: task.sampled_at_episode,
            lease_duration: (task.lease_ms > 0).then(|| to_duration(task.lease_ms)),
        }
    }

    fn name_of(&self, number: u64) -> String {
        format!("{}/tasks/{number}", self.described.name)
    }
}

fn read_lease(lease: prost_types::Duration) -> Result<Millis, Refused> {
    let ms = from_duration(lease);
    match (1000..=30 * 24 * 3600 * 1000).contains(&ms) {
        true => Ok(ms),
        false => Err(Refused::field(ErrorReason::InvalidRequest, "lease_duration")),
    }
}

/// The task, or the name of the dimension that is missing or out of bounds.
fn read_parameters(space: &Arc<TaskSpace>, parameters: &v1::Parameters) -> Result<Task, String> {
    let mut values = Vec::new();
    for dimension in space.dimensions() {
        let value = parameters.values.get(&dimension.name).and_then(|value| value.value.as_ref());
        values.push(match value {
            Some(v1::parameter_value::Value::Number(number)) => *number,
            Some(v1::parameter_value::Value::Integer(integer)) => *integer as f64,
            _ => return Err(dimension.name.clone()),
        });
        let one = TaskSpace::new(vec![dimension.clone()]).expect("a dimension of a space makes a space");
        if one.task(&values[values.len() - 1..]).is_err() {
            return Err(dimension.name.clone());
        }
    }
    space.task(&values).map_err(|_| String::new())
}

/// Parameters as answers have them; the space has scalars alone.
pub(crate) fn write_parameters(space: &TaskSpace, task: &Task) -> v1::Parameters {
    let write = |(dimension, &value): (&magister_core::space::Dimension, &f64)| {
        let value = match dimension.kind {
            magister_core::space::DimensionKind::Integer { .. } => {
                v1::parameter_value::Value::Integer(value as i64)
            }
            _ => v1::parameter_value::Value::Number(value),
        };
        (dimension.name.clone(), v1::ParameterValue { value: Some(value) })
    };
    v1::Parameters { values: space.dimensions().iter().zip(task.values()).map(write).collect() }
}

fn write_origin(drawn: Option<(Origin, f64)>) -> v1::Origin {
    use v1::origin::{
        ComponentDraw, Exploration, InitialDraw, ParticleDraw, RegionDraw, Source, Unsolicited, WindowDraw,
        exploration::Reason,
    };
    let explored = |reason: Reason| Source::Exploration(Exploration { reason: reason.into() });
    let source = match drawn.map(|(origin, _)| origin) {
        None => Source::Unsolicited(Unsolicited {}),
        Some(Origin::Initial) => Source::Initial(InitialDraw {}),
        Some(Origin::Region { region }) => Source::Region(RegionDraw { region }),
        Some(Origin::Mutation { region }) => Source::Mutation(RegionDraw { region }),
        Some(Origin::Window) => Source::Window(WindowDraw {}),
        Some(Origin::Particle { particle }) => Source::Particle(ParticleDraw { particle }),
        Some(Origin::Component { fit, component }) => Source::Component(ComponentDraw { fit, component }),
        Some(Origin::Exploration(reason)) => explored(match reason {
            ExplorationReason::Bootstrap => Reason::Bootstrap,
            ExplorationReason::RandomTaskRatio => Reason::RandomTaskRatio,
            ExplorationReason::NoProgress => Reason::NoProgress,
            ExplorationReason::RandomTeacher => Reason::RandomTeacher,
        }),
    };
    v1::Origin { source: Some(source) }
}

pub(crate) fn to_duration(ms: Millis) -> prost_types::Duration {
    prost_types::Duration { seconds: (ms / 1000) as i64, nanos: (ms % 1000) as i32 * 1_000_000 }
}

fn from_duration(duration: prost_types::Duration) -> Millis {
    duration.seconds as u64 * 1000 + duration.nanos as u64 / 1_000_000
}

fn to_time(ms: Millis) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: (ms / 1000) as i64, nanos: (ms % 1000) as i32 * 1_000_000 }
}

fn to_millis(time: prost_types::Timestamp) -> Millis {
    time.seconds as u64 * 1000 + time.nanos as u64 / 1_000_000
}
