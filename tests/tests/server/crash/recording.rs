//! The run that is recorded: the workload against a real server in a process of its own, whose file operations
//! `recorder.c` writes down, with the answers marked among them.

use std::{
    collections::BTreeMap,
    env,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use futures_util::future::join_all;
use magister_proto::v1;
use magister_service::{Server, ServerSettings};
use magister_tests::{Client, StillClock};
use prost::Message;
use rusqlite::Connection;
use tonic::transport::Endpoint;

use super::{
    calls::{Answer, Call},
    trace::{self, Event},
    workload::{FIT_RATE, Round, rounds},
};

/// Folder of the data below the recorded one.
pub(crate) const DATA: &str = "data";
/// Events after which a snapshot is taken: few, so that most images have one with events after it.
pub(crate) const SNAPSHOT_EVENTS: u64 = 40;

/// Where the recorded process puts its trace; set in that process alone.
const TRACE: &str = "MAGISTER_TRACE_FILE";
const FOLDER: &str = "MAGISTER_TRACE_FOLDER";

/// Something that the caller learnt from the server.
#[derive(Clone, Debug)]
pub(crate) enum Mark {
    /// The answer to a call of a round.
    Answered { round: usize, call: usize, answer: Answer },
    /// What a curriculum was after a round.
    Described { round: usize, curriculum: v1::Curriculum },
    /// Everything that a curriculum holds, at the end of the run or of its life.
    Listed { listing: Listing },
}

/// What a curriculum holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Listing {
    pub(crate) curriculum: v1::Curriculum,
    pub(crate) episodes: v1::ListEpisodesResponse,
    pub(crate) fits: v1::ListFitsResponse,
}

/// Records the workload in a process of its own and reads the trace.
pub(crate) fn record(folder: &Path) -> Vec<Event> {
    let recorder = build_recorder(folder);
    let (watched, trace) = (folder.join("watched"), folder.join("trace"));
    std::fs::create_dir(&watched).expect("the folder is new");
    let output = Command::new(env::current_exe().expect("a process knows its program"))
        .args(["--exact", "crash::recording::the_recorded_run", "--ignored", "--nocapture"])
        .env("LD_PRELOAD", recorder)
        .env(FOLDER, &watched)
        .env(TRACE, &trace)
        .env("MAGISTER_TRACE_SYNC_US", "1000")
        .output()
        .expect("the program starts again");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "the recorded run failed:\n{}", String::from_utf8_lossy(&said));
    trace::read(&trace)
}

/// Compiles `recorder.c` with the compiler that SQLite was compiled with.
fn build_recorder(folder: &Path) -> PathBuf {
    let library = folder.join("recorder.so");
    let compiler = env::var_os("CC").unwrap_or_else(|| "cc".into());
    let output = Command::new(&compiler)
        .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/server/crash/recorder.c"))
        .args(["-ldl", "-lpthread"])
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", compiler.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

/// A server over a folder, with a client of its own.
#[derive(Debug)]
pub(crate) struct Served {
    server: Server,
    data: PathBuf,
    pub(crate) client: Client,
}

impl Served {
    pub(crate) async fn start(data: PathBuf) -> Result<Self, String> {
        let settings = ServerSettings { snapshot_events: SNAPSHOT_EVENTS, ..ServerSettings::local(&data) };
        let server = Server::start(settings).await.map_err(|error| format!("it does not start: {error}"))?;
        let endpoint = Endpoint::from_shared(format!("http://{}", server.address())).expect("an address");
        let client = Client::new(endpoint.connect().await.map_err(|error| error.to_string())?);
        Ok(Self { server, data, client })
    }

    pub(crate) async fn restart(self) -> Result<Self, String> {
        drop(self.client);
        self.server.stop().await.map_err(|error| format!("it does not stop: {error}"))?;
        Self::start(self.data).await
    }

    /// What a curriculum is now.
    pub(crate) async fn describe(&mut self, name: &str) -> Result<v1::Curriculum, String> {
        let request = v1::GetCurriculumRequest { name: name.to_owned() };
        let described = self.client.get_curriculum(request).await;
        Ok(described.map_err(|status| format!("{name} cannot be described: {status}"))?.into_inner())
    }

    /// The names of all curricula.
    pub(crate) async fn names(&mut self) -> Result<Vec<String>, String> {
        let listed = self.client.list_curricula(v1::ListCurriculaRequest::default()).await;
        let listed = listed.map_err(|status| format!("curricula cannot be listed: {status}"))?.into_inner();
        Ok(listed.curricula.into_iter().map(|curriculum| curriculum.name).collect())
    }

    /// Waits until every fit that fell due has arrived, and lists what the curriculum holds.
    pub(crate) async fn list(&mut self, name: &str) -> Result<Listing, String> {
        let curriculum = self.after_fits(name).await?;
        let fits = v1::ListFitsRequest { curriculum: name.into(), page_size: 1000, ..Default::default() };
        let fits = self.client.list_fits(fits).await.map_err(|status| status.to_string())?.into_inner();
        Ok(Listing { curriculum, episodes: self.episodes(name).await?, fits })
    }

    /// All accepted outcomes.
    pub(crate) async fn episodes(&mut self, name: &str) -> Result<v1::ListEpisodesResponse, String> {
        let states = [
            v1::TaskState::Completed,
            v1::TaskState::Infeasible,
            v1::TaskState::Abandoned,
            v1::TaskState::Expired,
        ];
        let request = v1::ListEpisodesRequest {
            curriculum: name.into(),
            page_size: 10_000,
            states: states.map(i32::from).to_vec(),
            ..Default::default()
        };
        Ok(self.client.list_episodes(request).await.map_err(|status| status.to_string())?.into_inner())
    }

    /// A curriculum's description once every fit that fell due has arrived.
    async fn after_fits(&mut self, name: &str) -> Result<v1::Curriculum, String> {
        loop {
            let curriculum = self.describe(name).await?;
            let due = match curriculum.teacher.as_ref().and_then(|teacher| teacher.algorithm.as_ref()) {
                Some(v1::teacher_spec::Algorithm::AlpGmm(_)) => curriculum.episodes / u64::from(FIT_RATE),
                _ => 0,
            };
            if curriculum.fits == due {
                return Ok(curriculum);
            }
        }
    }
}

/// Does what is not a call.
pub(crate) async fn take_round(round: &Round, served: Served) -> Result<Served, String> {
    match round {
        Round::Calls(_) | Round::Checkpoint => {}
        Round::Pass(duration) => tokio::time::advance(*duration).await,
        Round::Restart => return served.restart().await,
    }
    Ok(served)
}

#[test]
#[ignore = "runs in a process of its own, started by the tests of this folder"]
fn the_recorded_run() {
    let folder = PathBuf::from(env::var_os(FOLDER).expect("run by the other tests alone"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let clock = StillClock::start();
        run(&folder).await.expect("the workload is one that a healthy server takes");
        drop(clock);
    });
}

async fn run(folder: &Path) -> Result<(), String> {
    let marks = Marks(File::create(folder.join(trace::MARKS)).expect("the folder can be written"));
    let data = folder.join(DATA);
    let mut served = Served::start(data.clone()).await?;
    let mut living: BTreeMap<String, ()> = BTreeMap::new();
    for (round_number, round) in rounds().iter().enumerate() {
        if let Round::Calls(calls) = round {
            for call in calls.iter().filter(|call| matches!(call, Call::Delete(_))) {
                marks.note(&Mark::Listed { listing: served.list(&call.curriculum()).await? });
            }
            let marks = &marks;
            let answered = join_all(calls.iter().enumerate().map(|(number, call)| {
                let mut client = served.client.clone();
                async move {
                    let answer =
                        call.send(&mut client).await.map_err(|status| format!("{call:?}: {status}"))?;
                    marks.note(&Mark::Answered { round: round_number, call: number, answer });
                    Ok::<_, String>(())
                }
            }));
            answered.await.into_iter().collect::<Result<Vec<_>, _>>()?;
            for call in calls {
                match call {
                    Call::Delete(_) => drop(living.remove(&call.curriculum())),
                    _ => drop(living.insert(call.curriculum(), ())),
                }
            }
        }
        if let Round::Checkpoint = round {
            let database =
                Connection::open(data.join("magister.sqlite")).map_err(|error| error.to_string())?;
            database
                .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(0))
                .map_err(|error| error.to_string())?;
        }
        served = take_round(round, served).await?;
        for name in living.keys() {
            let curriculum = served.after_fits(name).await?;
            marks.note(&Mark::Described { round: round_number, curriculum });
        }
    }
    for name in living.keys() {
        marks.note(&Mark::Listed { listing: served.list(name).await? });
    }
    Ok(())
}

struct Marks(File);

impl Marks {
    /// Writes a mark in one operation.
    fn note(&self, mark: &Mark) {
        (&self.0).write_all(&mark.encode()).expect("the recorded folder can be written");
    }
}

impl Mark {
    fn encode(&self) -> Vec<u8> {
        let (kind, numbers, parts) = match self {
            Self::Answered { round, call, answer } => (0, [*round, *call], vec![answer.encode()]),
            Self::Described { round, curriculum } => (1, [*round, 0], vec![curriculum.encode_to_vec()]),
            Self::Listed { listing: Listing { curriculum, episodes, fits } } => {
                let parts = [curriculum.encode_to_vec(), episodes.encode_to_vec(), fits.encode_to_vec()];
                (2, [0, 0], parts.to_vec())
            }
        };
        let mut bytes = vec![kind];
        for number in numbers {
            bytes.extend((number as u32).to_le_bytes());
        }
        for part in parts {
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(part);
        }
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let (kind, rest) = bytes.split_first().expect("a mark has a kind");
        let number = |at: usize, bytes: &[u8]| {
            u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes")) as usize
        };
        let (round, call) = (number(0, rest), number(4, rest));
        let mut rest = &rest[8..];
        let mut part = || {
            let length = number(0, rest);
            let (taken, left) = rest[4..].split_at(length);
            rest = left;
            taken
        };
        match kind {
            0 => Self::Answered { round, call, answer: Answer::decode(part()) },
            1 => Self::Described { round, curriculum: decode(part()) },
            2 => Self::Listed {
                listing: Listing {
                    curriculum: decode(part()),
                    episodes: decode(part()),
                    fits: decode(part()),
                },
            },
            unknown => panic!("a mark of kind {unknown}"),
        }
    }
}

fn decode<T: Message + Default>(bytes: &[u8]) -> T {
    T::decode(bytes).expect("it was encoded by this program")
}
