//! Whole runs, short ones, against a real server.

#![allow(clippy::unwrap_used, reason = "tests")]

use magister_envs::walker::WalkerKind;
use magister_learner::{
    Checkpoint, LearnerError, Policy, PpoSettings, Settings, Space, TrackSpace, Training,
};
use magister_student::{Client, ConnectOptions, Curriculum, Teacher};
use magister_tests::TestServer;
use std::time::Duration;
use tokio::runtime::Runtime;

const STEPS_PER_UPDATE: u64 = 64 * 2 * 32;

fn settings() -> Settings {
    Settings {
        space: Space::published(TrackSpace::StumpTracks),
        walker: WalkerKind::Default,
        steps: 4 * STEPS_PER_UPDATE,
        seed: 1,
        evaluation_interval: 2 * STEPS_PER_UPDATE,
        forget_interval: None,
        ppo: PpoSettings {
            rollout_steps: 32,
            minibatch: 512,
            epochs: 2,
            hidden: vec![16],
            ..PpoSettings::default()
        },
    }
}

async fn curriculum(server: &TestServer) -> Curriculum {
    // A server that is away must not end a run.
    let options = ConnectOptions::default().retry_for(Duration::from_secs(600));
    let client = Client::connect_with(server.uri(), options).await.unwrap();
    let spec = Space::published(TrackSpace::StumpTracks).curriculum("walker", Teacher::Random, 5);
    client.create_or_open(spec).await.unwrap().on_behalf_of("learner", "")
}

/// A server and its curriculum.
fn scene(runtime: &Runtime) -> (TestServer, Curriculum) {
    runtime.block_on(async {
        let server = TestServer::start_in_memory().await;
        let curriculum = curriculum(&server).await;
        (server, curriculum)
    })
}

fn begin(settings: Settings, curriculum: &Curriculum, runtime: &Runtime, threads: usize) -> Training {
    Training::begin(settings, "run", None, curriculum.clone(), runtime.handle().clone(), threads).unwrap()
}

/// All that must be the same: what a run is at its end, and what the teacher got from it.
fn result(training: &Training, curriculum: &Curriculum, runtime: &Runtime) -> (Vec<u8>, String, String) {
    let mut csv = Vec::new();
    let mut pages = curriculum.episodes(Default::default());
    runtime.block_on(async {
        while let Some(page) = pages.next().await.unwrap() {
            for episode in page {
                csv.push(format!("{} {:?} {:?}", episode.task, episode.return_, episode.parameters));
            }
        }
    });
    let state = serde_json::to_string(&training.checkpoint()).unwrap();
    (training.policy().to_bytes(), state, csv.join("\n"))
}

/// The uninterrupted run in one thread.
fn expected(runtime: &Runtime) -> (Vec<u8>, String, String) {
    let (server, curriculum) = scene(runtime);
    let mut training = begin(settings(), &curriculum, runtime, 1);
    while !training.is_over() {
        training.advance().unwrap();
    }
    assert_eq!((training.steps(), training.updates().len(), training.evaluations().len()), (16_384, 4, 2));
    assert!(training.episodes() > 64, "{}", training.episodes());
    let mastery = runtime.block_on(curriculum.mastery()).unwrap();
    assert_eq!(mastery.evaluations, 2);
    let open_tasks = || runtime.block_on(curriculum.describe()).unwrap().open_tasks;
    assert_eq!(open_tasks(), 2 * 128, "one that it plays and one for afterwards");
    let result = result(&training, &curriculum, runtime);
    training.close().unwrap();
    training.close().unwrap();
    assert_eq!(open_tasks(), 0);
    runtime.block_on(server.stop());
    result
}

#[test]
fn threads_and_stops_change_nothing() {
    let runtime = Runtime::new().unwrap();
    let expected = expected(&runtime);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.json");

    let (server, curriculum) = scene(&runtime);
    let mut training = begin(settings(), &curriculum, &runtime, 2);
    while !training.is_over() {
        training.advance().unwrap();
    }
    assert!(result(&training, &curriculum, &runtime) == expected, "two threads");
    runtime.block_on(server.stop());

    // What was done after the checkpoint is done again: the teacher has seen it already.
    let (server, curriculum) = scene(&runtime);
    let mut training = begin(settings(), &curriculum, &runtime, 2);
    training.advance().unwrap();
    training.checkpoint().save(&path).unwrap();
    training.advance().unwrap();
    drop(training);
    let checkpoint = Checkpoint::load(&path).unwrap().unwrap();
    let mut training =
        Training::restore(checkpoint, curriculum.clone(), runtime.handle().clone(), 1).unwrap();
    while !training.is_over() {
        training.advance().unwrap();
    }
    assert!(result(&training, &curriculum, &runtime) == expected, "restored");
    runtime.block_on(server.stop());

    // Without a checkpoint a run is begun again under its name.
    let (server, curriculum) = scene(&runtime);
    let mut training = begin(settings(), &curriculum, &runtime, 2);
    training.advance().unwrap();
    let mut training = begin(settings(), &curriculum, &runtime, 2);
    while !training.is_over() {
        training.advance().unwrap();
    }
    assert!(result(&training, &curriculum, &runtime) == expected, "begun again");
    runtime.block_on(server.stop());
}

#[test]
fn a_forgetting_student_begins_anew_in_the_place_that_its_settings_say() {
    let runtime = Runtime::new().unwrap();
    // What a run's policy is after each of its updates.
    let policies = |settings: Settings, stop_after: Option<usize>| -> Vec<Vec<u8>> {
        let (server, curriculum) = scene(&runtime);
        let mut training = begin(settings, &curriculum, &runtime, 2);
        let mut policies = Vec::new();
        while !training.is_over() {
            training.advance().unwrap();
            policies.push(training.policy().to_bytes());
            if stop_after == Some(policies.len()) {
                let checkpoint = training.checkpoint();
                let handle = runtime.handle().clone();
                training = Training::restore(checkpoint, curriculum.clone(), handle, 1).unwrap();
            }
        }
        runtime.block_on(server.stop());
        policies
    };
    let remembering = policies(settings(), None);
    let forgetful = || Settings { forget_interval: Some(2 * STEPS_PER_UPDATE), ..settings() };
    let forgetting = policies(forgetful(), None);
    assert!(forgetting[..2] == remembering[..2], "nothing is forgotten before");
    assert!(forgetting[2] != remembering[2] && forgetting[3] != remembering[3]);
    assert!(policies(forgetful(), Some(2)) == forgetting, "a run that is stopped there forgets all the same");
    let later = Settings { forget_interval: Some(4 * STEPS_PER_UPDATE), ..settings() };
    assert!(policies(later, None) == remembering, "what is learned in the end is kept");
}

#[test]
fn a_lost_server_is_waited_for() {
    let runtime = Runtime::new().unwrap();
    let expected = expected(&runtime);
    let (server, curriculum) = scene(&runtime);
    let mut training = begin(settings(), &curriculum, &runtime, 2);
    training.advance().unwrap();
    let stopped = runtime.block_on(server.stop());
    let running = std::thread::spawn(move || {
        while !training.is_over() {
            training.advance().unwrap();
        }
        training
    });
    // Long enough that calls fail; how long changes nothing.
    std::thread::sleep(Duration::from_millis(300));
    assert!(!running.is_finished(), "there is nobody to learn from");
    let server = runtime.block_on(stopped.start()).unwrap();
    let training = running.join().unwrap();
    assert!(result(&training, &curriculum, &runtime) == expected);
    runtime.block_on(server.stop());
}

#[test]
fn a_learner_that_diverges_says_so() {
    let runtime = Runtime::new().unwrap();
    let (_server, curriculum) = scene(&runtime);
    let ppo = PpoSettings { learning_rate: 1e30, ..settings().ppo };
    let mut training = begin(Settings { ppo, ..settings() }, &curriculum, &runtime, 1);
    let error = (0..4).find_map(|_| training.advance().err()).expect("nothing survives such steps");
    assert!(matches!(error, LearnerError::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("lower the learning rate"), "{error}");
}

#[test]
fn what_must_be_mended_is_refused_before_the_first_task() {
    let runtime = Runtime::new().unwrap();
    let (_server, curriculum) = scene(&runtime);
    let policy = begin(settings(), &curriculum, &runtime, 1).policy();
    let asked = runtime.block_on(curriculum.describe()).unwrap().tasks;
    let wrong = |change: fn(&mut Settings)| {
        let mut settings = settings();
        change(&mut settings);
        settings
    };
    for (settings, start, expected) in [
        (wrong(|settings| settings.steps = 0), None, "steps is 0"),
        (wrong(|settings| settings.evaluation_interval = 0), None, "evaluation_interval is 0"),
        (wrong(|settings| settings.forget_interval = Some(0)), None, "forget_interval is 0"),
        (wrong(|settings| settings.ppo.walkers = 65), None, "walkers is 65: give a multiple of 64"),
        (
            wrong(|settings| settings.ppo.hidden = vec![8, 8]),
            Some(&policy),
            "a network of 24-16-4: the settings want one of 24-8-8-4",
        ),
    ] {
        let begun =
            Training::begin(settings, "other", start, curriculum.clone(), runtime.handle().clone(), 1);
        let message = begun.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
    assert_eq!(runtime.block_on(curriculum.describe()).unwrap().tasks, asked);
}

#[test]
fn damaged_checkpoints_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.json");
    assert!(Checkpoint::load(&path).unwrap().is_none());
    for (text, expected) in [
        ("", "is no checkpoint"),
        (r#"{"format": 1, "run": "a"}"#, "is no checkpoint"),
        (r#"{"format": 99}"#, "format 99, and this release knows 1"),
    ] {
        std::fs::write(&path, text).unwrap();
        let message = Checkpoint::load(&path).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn every_space_and_walker_can_be_trained_on() {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(TestServer::start_in_memory());
    let client = runtime.block_on(Client::connect(server.uri())).unwrap();
    for (tracks, walker) in
        [(TrackSpace::HexagonTracks, WalkerKind::Quadrupedal), (TrackSpace::Gymnasium, WalkerKind::Short)]
    {
        let space = Space::published(tracks);
        let spec = space.curriculum(tracks.name(), Teacher::AlpGmm(Default::default()), 1);
        let curriculum = runtime.block_on(client.create_or_open(spec)).unwrap();
        let settings = Settings { space, walker, steps: STEPS_PER_UPDATE, ..settings() };
        let mut training = begin(settings, &curriculum, &runtime, 2);
        training.advance().unwrap();
        assert!(training.is_over());
        assert_eq!(training.evaluations()[0].returns.len(), 50);
        let policy = Policy::from_bytes(&training.policy().to_bytes()).unwrap();
        assert_eq!((policy.about().walker, policy.about().tracks), (walker, tracks));
    }
}
