//! A curriculum put to every use that a student can make of it, the same for the same seed: what stores, files and
//! their checks are tried on.

use magister_proto::v1;
use v1::{
    episode_outcome::{Abandoned, Completed, End, Infeasible, Outcome},
    parameter_value::Value,
};

use crate::{Client, alp_gmm_request, continuous};

/// A student that calls whatever there is to call, by its own dice.
#[derive(Clone, Debug)]
pub struct Usage {
    dice: u64,
    /// Numbers and values of the tasks that it holds.
    open: Vec<(u64, [f64; 2])>,
    /// Numbers of tasks that it has reported.
    closed: Vec<u64>,
    requests: u64,
    /// Requests that can be repeated, without the curriculum's name.
    past: Vec<v1::SampleTasksRequest>,
    played: u64,
    rounds: u64,
}

impl Usage {
    /// A student with these dice.
    pub fn new(seed: u64) -> Self {
        Self {
            dice: seed,
            open: Vec::new(),
            closed: Vec::new(),
            requests: 0,
            past: Vec::new(),
            played: 0,
            rounds: 0,
        }
    }

    /// The request for a curriculum that it can use.
    pub fn request(id: &str) -> v1::CreateCurriculumRequest {
        let mut request =
            alp_gmm_request(id, vec![continuous("x", -1.0, 3.0), continuous("y", 0.0, 10.0)], 20);
        let curriculum = request.curriculum.as_mut().expect("it has one");
        curriculum.seed = 0xfeed_0000_0000_0001;
        curriculum.mastery_threshold = Some(5.0);
        curriculum.return_range = Some(v1::curriculum::ReturnRange { low: -20.0, high: 120.0 });
        let tasks = Some(v1::test_set::Tasks::UniformCount(3));
        curriculum.test_set = Some(v1::TestSet { tasks });
        let Some(v1::teacher_spec::Algorithm::AlpGmm(alp_gmm)) =
            curriculum.teacher.as_mut().and_then(|teacher| teacher.algorithm.as_mut())
        else {
            unreachable!("ALP-GMM was asked for")
        };
        alp_gmm.max_components = Some(3);
        alp_gmm.fit_lag_episodes = Some(6);
        request
    }

    /// Makes so many calls and gives what the answers say, without names and times: the same of equal curricula.
    ///
    /// # Panics
    /// If a call fails.
    pub async fn drive(&mut self, client: &mut Client, name: &str, calls: u32) -> Vec<String> {
        let mut seen = Vec::new();
        for _ in 0..calls {
            seen.push(match self.roll(100) {
                0..40 => self.sample(client, name, None).await,
                40..80 => self.report(client, name).await,
                80..85 => self.repeat(client, name).await,
                85..90 => self.edit(client, name).await,
                90..93 => self.pause(client, name).await,
                93..96 => self.report_again(client, name).await,
                _ => self.evaluate(client, name).await,
            });
        }
        seen
    }

    /// Takes a task for a second, and waits until the lease has run out.
    ///
    /// # Panics
    /// If a call fails.
    pub async fn let_a_lease_run_out(&mut self, client: &mut Client, name: &str) {
        let open = |client: &Client| {
            let mut client = client.clone();
            let request = v1::GetCurriculumRequest { name: name.to_owned() };
            async move { client.get_curriculum(request).await.expect("it is there").into_inner().open_tasks }
        };
        let lease = prost_types::Duration { seconds: 1, nanos: 0 };
        self.sample(client, name, Some(lease)).await;
        let before = open(client).await;
        while open(client).await == before {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    async fn sample(
        &mut self,
        client: &mut Client,
        name: &str,
        lease_duration: Option<prost_types::Duration>,
    ) -> String {
        let request = v1::SampleTasksRequest {
            curriculum: name.to_owned(),
            count: self.roll(5) as u32 + 1,
            student: format!("student {}", self.roll(2)),
            worker: "worker".to_owned(),
            request_id: self.request_id(),
            lease_duration,
        };
        let response = client.sample_tasks(request.clone()).await.expect("a sample").into_inner();
        for task in &response.tasks {
            self.open.push((number(&task.name), values(task)));
        }
        if !request.request_id.is_empty() {
            self.past.push(v1::SampleTasksRequest { curriculum: String::new(), ..request });
        }
        format!("sampled {} at {}", tasks(&response.tasks), response.position)
    }

    async fn report(&mut self, client: &mut Client, name: &str) -> String {
        let mut outcomes = Vec::new();
        for _ in 0..=self.roll(4) {
            outcomes.push(self.outcome(name));
        }
        let request = v1::ReportEpisodesRequest {
            curriculum: name.to_owned(),
            outcomes,
            request_id: self.request_id(),
        };
        let response = client.report_episodes(request).await.expect("a report").into_inner();
        format!("reported {} at {}", receipts(&response.receipts), response.position)
    }

    fn outcome(&mut self, name: &str) -> v1::EpisodeOutcome {
        self.played += 1;
        let kind = self.roll(100);
        if self.open.is_empty() || kind < 5 {
            let values = [self.part() * 4.0 - 1.0, self.part() * 10.0];
            return v1::EpisodeOutcome {
                parameters: Some(parameters(values)),
                outcome: Some(self.completed(values)),
                student: "from a log".to_owned(),
                ..Default::default()
            };
        }
        let place = self.roll(self.open.len() as u64) as usize;
        let (number, mut values) = self.open.swap_remove(place);
        self.closed.push(number);
        let outcome = match kind {
            5..10 => Outcome::Infeasible(Infeasible { message: "a wall, \u{1f9f1}\n".to_owned() }),
            10..15 => Outcome::Abandoned(Abandoned::default()),
            15..25 => {
                values[0] = (values[0] * 8.0).round() / 8.0;
                self.completed(values)
            }
            _ => self.completed(values),
        };
        v1::EpisodeOutcome {
            task: format!("{name}/tasks/{number}"),
            parameters: (15..25).contains(&kind).then(|| parameters(values)),
            outcome: Some(outcome),
            ..Default::default()
        }
    }

    fn completed(&mut self, [x, y]: [f64; 2]) -> Outcome {
        let learned = self.played as f64 / 60.0;
        let return_ = if x < learned { 100.0 - y } else { 10.0 * (7.0 * x * y).sin() };
        Outcome::Completed(Completed {
            episode_return: return_,
            length: self.one_in(2).then_some(self.played),
            end: if self.one_in(3) { End::Truncated.into() } else { End::Terminated.into() },
            success: self.one_in(2).then_some(return_ > 50.0),
            student_step: self.one_in(2).then_some(self.played * 100),
        })
    }

    async fn repeat(&mut self, client: &mut Client, name: &str) -> String {
        let count = self.past.len() as u64;
        if count == 0 {
            return "nothing to repeat".to_owned();
        }
        let place = self.roll(count) as usize;
        let mut request = self.past[place].clone();
        name.clone_into(&mut request.curriculum);
        let response = client.sample_tasks(request).await.expect("a repeated sample").into_inner();
        format!("sampled again {} at {}", tasks(&response.tasks), response.position)
    }

    async fn report_again(&mut self, client: &mut Client, name: &str) -> String {
        let count = self.closed.len() as u64;
        if count == 0 {
            return "nothing to report again".to_owned();
        }
        let place = self.roll(count) as usize;
        let number = self.closed[place];
        let outcome = v1::EpisodeOutcome {
            task: format!("{name}/tasks/{number}"),
            outcome: Some(Outcome::Abandoned(Abandoned::default())),
            ..Default::default()
        };
        let request = v1::ReportEpisodesRequest {
            curriculum: name.to_owned(),
            outcomes: vec![outcome],
            ..Default::default()
        };
        let response = client.report_episodes(request).await.expect("a second report").into_inner();
        format!("reported again {} at {}", receipts(&response.receipts), response.position)
    }

    async fn edit(&mut self, client: &mut Client, name: &str) -> String {
        let mut request = v1::UpdateCurriculumRequest { name: name.to_owned(), ..Default::default() };
        match self.roll(5) {
            0 => request.display_name = Some(format!("after {} episodes", self.played)),
            1 => request.max_staleness_episodes = Some(30 + self.roll(20)),
            2 => request.mastery_threshold = Some(self.part() * 10.0),
            3 => {
                request.alp_gmm = Some(v1::update_curriculum_request::AlpGmmEdit {
                    fit_rate: Some(15 + self.roll(10) as u32),
                    ..Default::default()
                });
            }
            _ => {
                request.alp_gmm = Some(v1::update_curriculum_request::AlpGmmEdit {
                    random_task_ratio: Some(self.part()),
                    ..Default::default()
                });
            }
        }
        let edited = client.update_curriculum(request).await.expect("an edit").into_inner();
        format!("edited to {:?} at {}", edited.display_name, edited.position)
    }

    async fn pause(&mut self, client: &mut Client, name: &str) -> String {
        let set = |paused| v1::UpdateCurriculumRequest {
            name: name.to_owned(),
            paused: Some(paused),
            ..Default::default()
        };
        client.update_curriculum(set(true)).await.expect("a pause");
        let reported = self.report(client, name).await;
        client.update_curriculum(set(false)).await.expect("its end");
        format!("paused and {reported}")
    }

    async fn evaluate(&mut self, client: &mut Client, name: &str) -> String {
        self.rounds += 1;
        let request = v1::SampleTestTasksRequest {
            curriculum: name.to_owned(),
            student: "student 0".to_owned(),
            student_step: self.played,
            request_id: format!("round {}", self.rounds),
        };
        let opened = client.sample_test_tasks(request).await.expect("a round").into_inner();
        let round = opened.evaluation.expect("it was opened").name;
        let results = (0..=self.roll(3) as u32)
            .filter(|&test_task| test_task < 3)
            .map(|test_task| v1::TestResult {
                test_task,
                episode_return: self.part() * 10.0,
                ..Default::default()
            })
            .collect();
        let request = v1::ReportEvaluationsRequest { evaluation: round, results };
        let evaluation = client.report_evaluations(request).await.expect("results").into_inner().evaluation;
        let evaluation = evaluation.expect("it was added to");
        let round = evaluation.name.rsplit('/').next().unwrap_or_default();
        format!("round {round} with {:?}", evaluation.results)
    }

    /// Every other request has an id.
    fn request_id(&mut self) -> String {
        if self.one_in(2) {
            return String::new();
        }
        self.requests += 1;
        format!("request {}", self.requests)
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }

    /// A number from 0 to below `sides` (splitmix64).
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// A number from 0 to below 1.
    fn part(&mut self) -> f64 {
        self.roll(1 << 20) as f64 / f64::from(1 << 20)
    }
}

/// The number of a task, from its name.
fn number(task: &str) -> u64 {
    task.rsplit('/')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a task's name ends with its number")
}

fn values(task: &v1::Task) -> [f64; 2] {
    ["x", "y"].map(|dimension| crate::number(task, dimension))
}

fn parameters([x, y]: [f64; 2]) -> v1::Parameters {
    let value = |number| v1::ParameterValue { value: Some(Value::Number(number)) };
    v1::Parameters { values: [("x".to_owned(), value(x)), ("y".to_owned(), value(y))].into() }
}

fn tasks(tasks: &[v1::Task]) -> String {
    let told = tasks.iter().map(|task| {
        let [x, y] = values(task).map(f64::to_bits);
        let source = task.origin.as_ref().and_then(|origin| origin.source.as_ref());
        format!("{} ({x:x}, {y:x}) {source:?} at {}", number(&task.name), task.sampled_at_episode)
    });
    told.collect::<Vec<_>>().join(", ")
}

fn receipts(receipts: &[v1::EpisodeReceipt]) -> String {
    let told = receipts.iter().map(|receipt| {
        let alp = receipt.alp.map(f64::to_bits);
        let v1::EpisodeReceipt { state, episode, late, duplicate, .. } = receipt;
        format!("{} {state} {episode:?} {alp:x?} {late} {duplicate}", number(&receipt.task))
    });
    told.collect::<Vec<_>>().join(", ")
}
