//! Stepping many worlds at once, as many in a register as the processor can.

#[cfg(target_arch = "x86_64")]
use super::lanes::registers::{self, Avx2, Avx512, Token};
use super::lanes::{Lanes, Pair, Portable};
use super::solver::{Islands, POSITION_STAGES, SolverInput, rest};
use super::world::{GRAVITY, STEP, World};

/// Which arithmetic steps the worlds. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Engine {
    /// One world after the other.
    Scalar,
    /// Eight worlds side by side in arrays, on any processor.
    Portable,
    /// Sixteen worlds side by side in pairs of AVX2 registers.
    Avx2,
    /// Thirty-two worlds side by side in pairs of AVX-512 registers.
    Avx512,
}

impl Engine {
    /// The engines that this processor has, the fastest first.
    pub fn available() -> Vec<Self> {
        let mut engines = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            engines.extend(registers::detect_avx512().map(|_| Self::Avx512));
            engines.extend(registers::detect_avx2().map(|_| Self::Avx2));
        }
        engines.extend([Self::Portable, Self::Scalar]);
        engines
    }

    /// The fastest engine of this processor.
    pub fn fastest() -> Self {
        Self::available()[0]
    }
}

/// The processor lacks the instructions of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this processor cannot run the engine {0:?}: take one of `Engine::available()`")]
pub struct EngineMissing(Engine);

/// The solver of one engine, with its working memory.
pub struct Stepper(Solver);

enum Solver {
    Scalar(Islands<f32>),
    Portable(Islands<Portable>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Token<Avx2>, Islands<Pair<Avx2>>),
    #[cfg(target_arch = "x86_64")]
    Avx512(Token<Avx512>, Islands<Pair<Avx512>>),
}

impl Stepper {
    /// The solver of an engine.
    ///
    /// # Errors
    /// If the processor lacks it.
    pub fn new(engine: Engine) -> Result<Self, EngineMissing> {
        let solver = match engine {
            Engine::Scalar => Solver::Scalar(Islands::new()),
            Engine::Portable => Solver::Portable(Islands::new()),
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2 => {
                Solver::Avx2(registers::detect_avx2().ok_or(EngineMissing(engine))?, Islands::new())
            }
            #[cfg(target_arch = "x86_64")]
            Engine::Avx512 => {
                Solver::Avx512(registers::detect_avx512().ok_or(EngineMissing(engine))?, Islands::new())
            }
            #[cfg(not(target_arch = "x86_64"))]
            Engine::Avx2 | Engine::Avx512 => return Err(EngineMissing(engine)),
        };
        Ok(Self(solver))
    }

    /// How many worlds it steps at once.
    pub fn width(&self) -> usize {
        match &self.0 {
            Solver::Scalar(_) => <f32 as Lanes>::COUNT,
            Solver::Portable(_) => Portable::COUNT,
            #[cfg(target_arch = "x86_64")]
            Solver::Avx2(..) => Pair::<Avx2>::COUNT,
            #[cfg(target_arch = "x86_64")]
            Solver::Avx512(..) => Pair::<Avx512>::COUNT,
        }
    }

    /// Steps 1/50 s in every world, each as its motors were told.
    ///
    /// What happens in a world depends neither on its place nor on the others.
    ///
    /// # Panics
    /// If the worlds differ in how their bodies are joined.
    pub fn step(&mut self, worlds: &mut [impl AsMut<World>]) {
        for world in worlds.iter_mut() {
            world.as_mut().begin_step();
        }
        let mut inputs: Vec<SolverInput<'_>> =
            worlds.iter_mut().map(|world| world.as_mut().solver_input()).collect();
        if self.width() > 1 {
            inputs.sort_by_cached_key(SolverInput::similarity);
        }
        for inputs in inputs.chunks_mut(self.width()) {
            self.run(inputs, Stage::Step);
        }
        for &rounds in &POSITION_STAGES[1..] {
            // Stable, so that similar worlds stay together.
            inputs.sort_by_key(|input| input.settled);
            let open = inputs.partition_point(|input| !input.settled);
            for inputs in inputs[..open].chunks_mut(self.width()) {
                self.run(inputs, Stage::Positions(rounds));
            }
        }
        for input in &mut inputs {
            rest(input.bodies, STEP, input.settled);
        }
        drop(inputs);
        for world in worlds {
            world.as_mut().end_step();
        }
    }

    /// Runs a stage in at most [`Stepper::width`] worlds.
    fn run(&mut self, worlds: &mut [SolverInput<'_>], stage: Stage) {
        match &mut self.0 {
            Solver::Scalar(islands) => run(islands, worlds, stage, Stage::run),
            Solver::Portable(islands) => run(islands, worlds, stage, Stage::run),
            #[cfg(target_arch = "x86_64")]
            Solver::Avx2(token, islands) => {
                let token = *token;
                run(islands, worlds, stage, |stage, islands| registers::run_avx2(token, stage, islands));
            }
            #[cfg(target_arch = "x86_64")]
            Solver::Avx512(token, islands) => {
                let token = *token;
                run(islands, worlds, stage, |stage, islands| registers::run_avx512(token, stage, islands));
            }
        }
    }
}

/// A part of the step that worlds go through together.
#[derive(Clone, Copy)]
pub(crate) enum Stage {
    /// Velocities, and the first rounds of corrected positions.
    Step,
    /// So many more rounds of corrected positions.
    Positions(usize),
}

impl Stage {
    #[inline(always)]
    pub(crate) fn run<T: Lanes>(self, islands: &mut Islands<T>) {
        match self {
            Self::Step => islands.solve(STEP, GRAVITY),
            Self::Positions(rounds) => islands.correct_further(rounds),
        }
    }
}

fn run<T: Lanes>(
    islands: &mut Islands<T>,
    worlds: &mut [SolverInput<'_>],
    stage: Stage,
    run: impl FnOnce(Stage, &mut Islands<T>),
) {
    islands.load(worlds);
    run(stage, islands);
    match stage {
        Stage::Step => islands.store(worlds),
        Stage::Positions(_) => islands.store_positions(worlds),
    }
}
