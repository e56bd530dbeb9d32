//! Async client of the Magister teacher service, for students written in Rust.
//!
//! ```
//! use magister_student::{Client, CurriculumSpec, Dimension, Outcome};
//!
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! # let server = magister_tests::TestServer::start().await;
//! # let address = server.uri();
//! let client = Client::connect(address).await?;
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
//!     let height = task.f64("stump_height")?;
//!     let return_ = 100.0 - 40.0 * height; // build the environment with the task, play an episode
//!     curriculum.tell(&task, Outcome::completed(return_)).await?;
//! }
//! # Ok::<(), magister_student::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Calls survive a server that goes away and comes back: each carries what makes a repetition harmless and is
//! repeated for [`ConnectOptions::retry_for`]. While a curriculum is paused, [`Curriculum::ask`] waits.

mod client;
mod curriculum;
mod distribution;
mod error;
mod outcome;
mod retry;
mod spec;
mod task;

pub use client::{Client, ConnectOptions};
pub use curriculum::{Curriculum, CurriculumInfo};
pub use distribution::{Component, Distribution, Shape};
pub use error::{Error, FieldViolation, ParameterError};
pub use outcome::{End, Outcome, Receipt};
pub use spec::{AlpGmm, Criterion, CurriculumSpec, Dimension, Engine, Teacher};
pub use task::{Task, Value};
