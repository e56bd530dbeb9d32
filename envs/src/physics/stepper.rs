//! Stepping many worlds at once, as many in a register as the processor can.

#[cfg(target_arch = "x86_64")]
use super::lanes::registers::{self, Avx2, Avx512, Token};
use super::lanes::{Common, Instructions, Lanes, Pair, Portable, Task};
use super::solver::impact::{ImpactInput, Impacts};
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

    /// The name by which commands know it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
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

/// Fewer worlds than this are solved one by one: a register costs the same whether it is full or not.
const FEWEST_TOGETHER: usize = 5;

/// The solver of one engine, with its working memory.
pub struct Stepper {
    solver: Solver,
    /// For a few worlds.
    lone: Box<Memory<f32>>,
}

enum Solver {
    Scalar(Box<Memory<f32>>),
    Portable(Box<Memory<Portable>>),
    #[cfg(target_arch = "x86_64")]
    Avx2(Token<Avx2>, Box<Memory<Pair<Avx2>>>),
    #[cfg(target_arch = "x86_64")]
    Avx512(Token<Avx512>, Box<Memory<Pair<Avx512>>>),
}

/// The worlds that one engine works on at once, in its own layout.
struct Memory<T: Lanes> {
    islands: Islands<T>,
    impacts: Impacts<T>,
}

impl<T: Lanes> Memory<T> {
    fn boxed() -> Box<Self> {
        Box::new(Self { islands: Islands::new(), impacts: Impacts::new() })
    }
}

impl Stepper {
    /// The solver of an engine.
    ///
    /// # Errors
    /// If the processor lacks it.
    pub fn new(engine: Engine) -> Result<Self, EngineMissing> {
        let solver = match engine {
            Engine::Scalar => Solver::Scalar(Memory::boxed()),
            Engine::Portable => Solver::Portable(Memory::boxed()),
            #[cfg(target_arch = "x86_64")]
            Engine::Avx2 => {
                Solver::Avx2(registers::detect_avx2().ok_or(EngineMissing(engine))?, Memory::boxed())
            }
            #[cfg(target_arch = "x86_64")]
            Engine::Avx512 => {
                Solver::Avx512(registers::detect_avx512().ok_or(EngineMissing(engine))?, Memory::boxed())
            }
            #[cfg(not(target_arch = "x86_64"))]
            Engine::Avx2 | Engine::Avx512 => return Err(EngineMissing(engine)),
        };
        Ok(Self { solver, lone: Memory::boxed() })
    }

    /// How many worlds it steps at once.
    pub fn width(&self) -> usize {
        match &self.solver {
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
        self.solve(worlds.iter_mut().map(|world| world.as_mut().solver_input()).collect());
        for world in worlds.iter_mut() {
            world.as_mut().follow_bodies();
        }
        self.solve_impacts(worlds.iter_mut().map(AsMut::as_mut).collect());
    }

    fn solve(&mut self, mut inputs: Vec<SolverInput<'_>>) {
        let alike = |pair: &[SolverInput<'_>]| {
            pair[0].bodies.len() == pair[1].bodies.len() && pair[0].order == pair[1].order
        };
        assert!(inputs.windows(2).all(alike), "worlds have as many bodies, with hinges in the same order");
        if self.width() > 1 {
            inputs.sort_by_cached_key(SolverInput::similarity);
        }
        for inputs in inputs.chunks_mut(self.width()) {
            self.run(Job::Step(inputs));
        }
        for &rounds in &POSITION_STAGES[1..] {
            // Stable, so that similar worlds stay together.
            inputs.sort_by_key(|input| input.settled);
            let open = inputs.partition_point(|input| !input.settled);
            for inputs in inputs[..open].chunks_mut(self.width()) {
                self.run(Job::Positions(inputs, rounds));
            }
        }
        for input in &mut inputs {
            rest(input.bodies, STEP, input.settled);
        }
    }

    /// Solves the next impact of every world that has one, until none has.
    fn solve_impacts(&mut self, mut worlds: Vec<&mut World>) {
        loop {
            worlds.retain_mut(|world| world.find_impact());
            if worlds.is_empty() {
                return;
            }
            let mut inputs: Vec<ImpactInput<'_>> =
                worlds.iter_mut().map(|world| world.impact_input()).collect();
            for inputs in inputs.chunks_mut(self.width()) {
                self.run(Job::Impacts(inputs));
            }
            for world in &mut worlds {
                world.finish_impact();
            }
        }
    }

    /// Does a job for at most [`Stepper::width`] worlds.
    fn run(&mut self, job: Job<'_, '_>) {
        if job.worlds() < FEWEST_TOGETHER {
            job.run_one_by_one(&mut self.lone);
            return;
        }
        match &mut self.solver {
            Solver::Scalar(memory) => job.run(memory, Common),
            Solver::Portable(memory) => job.run(memory, Common),
            #[cfg(target_arch = "x86_64")]
            Solver::Avx2(token, memory) => job.run(memory, *token),
            #[cfg(target_arch = "x86_64")]
            Solver::Avx512(token, memory) => job.run(memory, *token),
        }
    }
}

/// What worlds go through together.
enum Job<'a, 'b> {
    /// Velocities, and the first rounds of corrected positions.
    Step(&'a mut [SolverInput<'b>]),
    /// So many more rounds of corrected positions.
    Positions(&'a mut [SolverInput<'b>], usize),
    /// An impact.
    Impacts(&'a mut [ImpactInput<'b>]),
}

impl Job<'_, '_> {
    fn worlds(&self) -> usize {
        match self {
            Self::Step(inputs) | Self::Positions(inputs, _) => inputs.len(),
            Self::Impacts(inputs) => inputs.len(),
        }
    }

    fn run_one_by_one(self, memory: &mut Memory<f32>) {
        match self {
            Self::Step(inputs) => inputs.chunks_mut(1).for_each(|one| Job::Step(one).run(memory, Common)),
            Self::Positions(inputs, rounds) => {
                inputs.chunks_mut(1).for_each(|one| Job::Positions(one, rounds).run(memory, Common));
            }
            Self::Impacts(inputs) => {
                inputs.chunks_mut(1).for_each(|one| Job::Impacts(one).run(memory, Common))
            }
        }
    }

    fn run<T: Lanes>(self, memory: &mut Memory<T>, instructions: impl Instructions) {
        let islands = &mut memory.islands;
        match self {
            Self::Step(worlds) => {
                islands.load(worlds);
                instructions.run(IslandTask { islands, rounds: None });
                islands.store(worlds);
            }
            Self::Positions(worlds, rounds) => {
                islands.load(worlds);
                instructions.run(IslandTask { islands, rounds: Some(rounds) });
                islands.store_positions(worlds);
            }
            Self::Impacts(inputs) => {
                let impacts = &mut memory.impacts;
                impacts.load(inputs);
                instructions.run(ImpactTask { impacts });
                impacts.store(inputs);
            }
        }
    }
}

/// A step, or so many more rounds of corrected positions.
struct IslandTask<'a, T: Lanes> {
    islands: &'a mut Islands<T>,
    rounds: Option<usize>,
}

impl<T: Lanes> Task for IslandTask<'_, T> {
    #[inline(always)]
    fn run(self) {
        match self.rounds {
            None => self.islands.solve(STEP, GRAVITY),
            Some(rounds) => self.islands.correct_further(rounds),
        }
    }
}

/// The rest of a step after an impact.
struct ImpactTask<'a, T: Lanes> {
    impacts: &'a mut Impacts<T>,
}

impl<T: Lanes> Task for ImpactTask<'_, T> {
    #[inline(always)]
    fn run(self) {
        self.impacts.solve();
    }
}

#[cfg(test)]
mod tests;
