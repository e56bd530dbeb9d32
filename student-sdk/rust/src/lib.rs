//! Async client of the Magister teacher service, for students written in Rust.
//!
//! # Ask, play, tell
//!
//! A curriculum is made once, by whoever comes first; everyone else opens it. Then a student asks for a task, plays
//! one episode on the environment that the task describes, and tells the return.
//!
//! ```
//! use magister_student::{Client, CurriculumSpec, Dimension, Outcome};
//!
//! # fn play(height: f64, spacing: f64) -> f64 { 100.0 - 40.0 * height + spacing }
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let address = server.uri();
//! let client = Client::connect(address).await?; // such as http://127.0.0.1:50551
//! let curriculum = client
//!     .create_or_open(
//!         CurriculumSpec::alp_gmm("walker")
//!             .dimension(Dimension::continuous("stump_height", 0.0, 3.0))
//!             .dimension(Dimension::continuous("obstacle_spacing", 0.0, 6.0))
//!             .return_range(-150.0, 350.0)
//!             .seed(1),
//!     )
//!     .await?;
//! for _ in 0..3 {
//!     let task = curriculum.ask().await?;
//!     let return_ = play(task.f64("stump_height")?, task.f64("obstacle_spacing")?);
//!     let receipt = curriculum.tell(&task, Outcome::completed(return_).length(1600)).await?;
//!     println!("episode {:?} has an ALP of {:?}", receipt.episode, receipt.alp);
//! }
//! # assert_eq!(curriculum.describe().await?.episodes, 3);
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A task can also be read into a struct of one's own, whose fields are named like the dimensions:
//!
//! ```
//! # use magister_student::{Client, CurriculumSpec, Dimension, Teacher};
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let client = Client::connect(server.uri()).await?;
//! # let spec = CurriculumSpec::new("hexagon", Teacher::Random)
//! #     .dimension(Dimension::continuous("shape", 0.0, 4.0).vector(12))
//! #     .dimension(Dimension::integer("legs", 2, 4));
//! # let curriculum = client.create_or_open(spec).await?;
//! #[derive(serde::Deserialize)]
//! struct Track {
//!     shape: [f64; 12],
//!     legs: u32,
//! }
//!
//! let track: Track = curriculum.ask().await?.read()?;
//! # assert!(track.shape.iter().all(|side| (0.0..=4.0).contains(side)) && (2..=4).contains(&track.legs));
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Many environments at once
//!
//! [`Curriculum::teach`] opens a stream on which each outcome brings the next task in one round trip, with as many
//! tasks in flight as its window is wide:
//!
//! ```
//! # use magister_student::{Client, CurriculumSpec, Dimension, Outcome, Task};
//! # fn play(task: &Task) -> Result<f64, magister_student::ParameterError> { Ok(1.0 - task.f64("height")?) }
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let client = Client::connect(server.uri()).await?;
//! # let spec = CurriculumSpec::alp_gmm("walker").dimension(Dimension::continuous("height", 0.0, 3.0));
//! # let curriculum = client.create_or_open(spec).await?;
//! let environments = 8;
//! let stream = curriculum.on_behalf_of("walker-1", "host-a").teach(environments).await?;
//! for _ in 0..5 {
//!     let mut tasks = Vec::new();
//!     for _ in 0..environments {
//!         tasks.extend(stream.ask().await?);
//!     }
//!     for task in &tasks {
//!         stream.tell(task, Outcome::completed(play(task)?)); // need not be awaited
//!     }
//! }
//! let left = stream.finish().await?;
//! // What was asked for and never played need not wait for its lease to run out.
//! let abandoned = left.open_tasks.iter().map(|task| (task, Outcome::abandoned("training is over")));
//! curriculum.tell_many(abandoned).await?;
//! # let info = curriculum.describe().await?;
//! # assert_eq!((info.episodes, info.open_tasks), (40, 0));
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Evaluation
//!
//! A curriculum with a test set tells what a student masters and has forgotten. Returns of test tasks never reach the
//! teacher.
//!
//! ```
//! # use magister_student::{Client, CurriculumSpec, Dimension, Parameters};
//! # fn play(task: &Parameters) -> Result<f64, magister_student::ParameterError> {
//! #     Ok(300.0 - 100.0 * task.f64("height")?)
//! # }
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let client = Client::connect(server.uri()).await?;
//! # let spec = CurriculumSpec::alp_gmm("walker").dimension(Dimension::continuous("height", 0.0, 3.0));
//! let curriculum = client.create_or_open(spec.uniform_test_set(50).mastery_threshold(230.0)).await?;
//! let student = curriculum.on_behalf_of("walker-1", "evaluator");
//! let environment_steps = 200_000;
//!
//! let round = student.sample_test_tasks(environment_steps).await?;
//! let mut results = Vec::new();
//! for task in &round.tasks {
//!     results.push(task.result(play(&task.parameters)?));
//! }
//! let evaluation = student.report_evaluations(round.evaluation.round, results).await?;
//! assert!(evaluation.is_complete());
//! println!("{:?} of the test tasks are mastered", evaluation.mastered_share);
//! println!("{} are forgotten", student.mastery().await?.forgotten_share);
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What was learned
//!
//! Curves, points, densities and diagnoses, for plots, tables and jobs that watch over a training; with
//! [`Curriculum::watch`] whoever looks hears of each fit:
//!
//! ```
//! # use magister_student::{Client, CurriculumSpec, DensityOptions, Dimension, Outcome, PointFilter, Severity};
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let client = Client::connect(server.uri()).await?;
//! # let spec = CurriculumSpec::alp_gmm("walker")
//! #     .dimension(Dimension::continuous("height", 0.0, 3.0))
//! #     .dimension(Dimension::continuous("shape", 0.0, 4.0).vector(4));
//! # let curriculum = client.create_or_open(spec).await?;
//! # for return_ in [1.0, 2.0, 3.0] {
//! #     curriculum.tell(&curriculum.ask().await?, Outcome::completed(return_)).await?;
//! # }
//! for finding in curriculum.diagnose(None).await?.findings {
//!     if finding.severity == Severity::Problem {
//!         println!("{} {}", finding.statement, finding.advice);
//!     }
//! }
//! for bucket in curriculum.progress(50).await?.buckets {
//!     println!("up to episode {}: a mean return of {:?}", bucket.last_episode, bucket.mean_return);
//! }
//! let density = curriculum.density(&["height", "shape[3]"], DensityOptions::default()).await?;
//! assert_eq!(density.probabilities.len(), density.axes[0].cells() * density.axes[1].cells());
//! let points = curriculum.points(PointFilter { max_points: 2000, ..Default::default() }).await?;
//! assert_eq!(points.points[0].values.len(), points.axes.len());
//! # assert_eq!(points.points.len(), 3);
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When something goes wrong
//!
//! Calls survive a server that goes away and comes back: each carries what makes a repetition harmless and is
//! repeated for [`ConnectOptions::retry_for`], after the delay that the server names. While a curriculum is paused,
//! asking waits in the same way. The first connect is not repeated: it fails within 5 seconds with a
//! [`ConnectProblem`] that says what to check. What the server refuses for good is an [`Error::Refused`] with a
//! [`Reason`] and the fields to mend; nothing has changed then.
//!
//! ```
//! use magister_student::{Client, CurriculumSpec, Dimension, Error, Reason};
//!
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let client = Client::connect(server.uri()).await?;
//! match client.open("walker").await {
//!     Err(error) if error.reason() == Some(&Reason::CurriculumNotFound) => println!("make it first"),
//!     Err(Error::GaveUp { tried_for, .. }) => println!("the server stayed away for {tried_for:?}"),
//!     other => drop(other?),
//! }
//!
//! let upside_down = CurriculumSpec::alp_gmm("walker").dimension(Dimension::continuous("height", 3.0, 0.0));
//! match client.create_or_open(upside_down).await {
//!     Err(Error::Refused { fields, .. }) => {
//!         assert_eq!(fields[0].field, "curriculum.space.dimensions[0].continuous.high");
//!     }
//!     other => panic!("{other:?}"),
//! }
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin;
mod client;
mod connection;
mod curriculum;
mod density;
mod diagnosis;
mod dimension;
mod distribution;
mod episode;
mod error;
mod evaluation;
mod info;
mod inspect;
mod outcome;
mod progress;
mod reason;
mod retry;
mod spec;
mod task;
mod teach;
mod teacher;
mod transfer;
mod watch;
mod written;

pub use admin::{AlpGmmEdit, CurriculumEdit, Fork};
pub use client::Client;
pub use connection::ConnectOptions;
pub use curriculum::Curriculum;
pub use density::{Density, DensityAxis, DensityOptions};
pub use diagnosis::{Diagnosis, Finding, FindingKind, Severity};
pub use dimension::{Dimension, DimensionKind};
pub use distribution::{Axis, Component, Distribution, Region, Shape};
pub use episode::{Episode, ExplorationReason, Origin, TaskState};
pub use error::{ConnectProblem, Error, FieldViolation, ParameterError};
pub use evaluation::{Evaluation, Mastery, TestResult, TestRound, TestTask, TestTaskMastery};
pub use info::{CurriculumInfo, ForkPoint};
pub use inspect::{Candidate, EpisodeFilter, EpisodeOrder, EpisodePages, Explanation, Fit, FitPages};
pub use outcome::{End, Outcome, Receipt};
pub use progress::{Bucket, EpisodePoint, EpisodePoints, PointFilter, Progress, StudentActivity};
pub use reason::Reason;
pub use spec::{CurriculumSpec, ReturnRange, TestSet};
pub use task::{Parameters, Played, Task, Value};
pub use teach::{Left, PendingReceipt, TeachStream, Unfinished};
pub use teacher::{AlpGmm, AlpScope, Criterion, Currot, Engine, InitialGaussian, Oracle, Riac, Teacher};
pub use watch::{DistributionChange, DistributionWatch};
