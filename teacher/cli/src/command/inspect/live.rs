//! `magister inspect --watch` on a terminal: a view that goes on, with keys.
//!
//! Keys are read by a thread and values by a task of their own, so that the view answers while the server does not. The terminal
//! is given back however the view ends.

use std::{io, thread, time::Duration};

use anyhow::Context;
use magister_student::{Curriculum, Diagnosis, Distribution, Error};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    time::{MissedTickBehavior, interval},
};

use super::screen::{Question, Screen};
use crate::{
    Outcome,
    failure::Failure,
    moment::{self, Moment},
};

/// Between two looks at the server.
const EVERY: Duration = Duration::from_secs(1);
/// Episodes that are shown, the latest ones.
const POINTS: u32 = 400;
/// How long the thread that reads keys waits before it sees that nobody wants them.
const POLL: Duration = Duration::from_millis(200);

/// Shows it until it is told to stop.
pub(super) async fn watch(curriculum: &Curriculum) -> Result<Outcome, Failure> {
    // What cannot be shown at all is told before the terminal changes.
    let mut screen = read(curriculum).await?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for SIGTERM")?;
    let mut hang_up = signal(SignalKind::hangup()).context("cannot wait for SIGHUP")?;
    let (tell_key, mut keys) = mpsc::channel(16);
    let (tell_read, mut reads) = mpsc::channel(1);
    let reading = tokio::spawn(read_on(curriculum.clone(), tell_read));
    let mut terminal = Terminal::take()?;
    thread::spawn(move || read_keys(&tell_key));
    let outcome = loop {
        terminal.show(&screen)?;
        tokio::select! {
            read = reads.recv() => match read {
                Some(Ok(read)) => screen.take(read),
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(Outcome::Passed),
            },
            key = keys.recv() => match key {
                // Its size has changed.
                Some(Event::Resize(..)) => {}
                Some(Event::Key(key)) if key.kind == KeyEventKind::Press => match screen.press(key) {
                    Wish::Nothing => {}
                    Wish::Quit => break Ok(Outcome::Passed),
                    Wish::Pause => {
                        let changed =
                            if screen.info.paused { curriculum.resume().await } else { curriculum.pause().await };
                        match changed {
                            Ok(info) => screen.info = info,
                            Err(error) => break Err(error.into()),
                        }
                    }
                },
                Some(_) => {}
                // The terminal is gone.
                None => break Ok(Outcome::Passed),
            },
            _ = interrupt.recv() => break Ok(Outcome::Passed),
            _ = terminate.recv() => break Ok(Outcome::Passed),
            _ = hang_up.recv() => break Ok(Outcome::Passed),
        }
    };
    reading.abort();
    drop(terminal);
    outcome
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Quit,
    /// Pause, or resume if it is paused.
    Pause,
}

impl Screen {
    /// What a key does.
    pub(super) fn press(&mut self, key: KeyEvent) -> Wish {
        if key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL) {
            return Wish::Quit;
        }
        if self.question == Question::Pause {
            self.question = Question::None;
            return if matches!(key.code, KeyCode::Char('y' | 'Y')) { Wish::Pause } else { Wish::Nothing };
        }
        let back = self.moment.distribution.axes.len() - 1;
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Quit,
            KeyCode::Char('p') => self.question = Question::Pause,
            KeyCode::Right => self.turn(1, 0),
            KeyCode::Left => self.turn(back, 0),
            KeyCode::Up => self.turn(0, 1),
            KeyCode::Down => self.turn(0, back),
            KeyCode::Tab => self.turn(1, 1),
            _ => {}
        }
        Wish::Nothing
    }

    /// Newer values; what was chosen stays.
    fn take(&mut self, read: Self) {
        *self = Self { axes: self.axes, question: self.question, ..read };
    }
}

/// The terminal in its other mode, until it is dropped.
struct Terminal {
    terminal: ratatui::DefaultTerminal,
}

impl Terminal {
    fn take() -> Result<Self, Failure> {
        // It also gives the terminal back before a panic's message is printed.
        let terminal = ratatui::try_init().context("cannot use the terminal")?;
        Ok(Self { terminal })
    }

    fn show(&mut self, screen: &Screen) -> Result<(), Failure> {
        let drawn: io::Result<_> = self.terminal.draw(|frame| screen.draw(frame));
        drawn.map(|_| ()).context("cannot write to the terminal").map_err(Failure::from)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Looks at the server again and again, until nobody wants to know or it fails for good.
async fn read_on(curriculum: Curriculum, tell: mpsc::Sender<Result<Screen, Error>>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let read = read(&curriculum).await;
        let failed = read.is_err();
        if tell.send(read).await.is_err() || failed {
            return;
        }
    }
}

/// All that is shown, as it is now.
pub(super) async fn read(curriculum: &Curriculum) -> Result<Screen, Error> {
    let info = curriculum.describe().await?;
    let distribution: Distribution = curriculum.distribution().await?;
    let points = moment::latest(curriculum, info.episodes, POINTS).await?;
    let progress = curriculum.progress(0).await?;
    let diagnosis: Diagnosis = curriculum.diagnose(None).await?;
    let axes = (0, distribution.axes.len().saturating_sub(1).min(1));
    Ok(Screen {
        info,
        moment: Moment { distribution, points },
        progress,
        diagnosis,
        axes,
        question: Question::None,
    })
}

/// Reads keys until nobody wants them or there is no terminal any more.
fn read_keys(tell: &mpsc::Sender<Event>) {
    while !tell.is_closed() {
        match event::poll(POLL) {
            Ok(false) => {}
            Ok(true) => match event::read() {
                Ok(event) => {
                    if tell.blocking_send(event).is_err() {
                        return;
                    }
                }
                Err(_) => return,
            },
            Err(_) => return,
        }
    }
}
