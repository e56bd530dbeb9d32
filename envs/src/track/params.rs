//! The families of tracks, their parameters, and the way from a task's named numbers to a track.

use super::{
    HexagonTrack, StumpSequence, StumpTrack, Track, TrackError, check_range, draws::Draws, flat, gymnasium,
};
use core::{fmt, str::FromStr};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// The parameters of a track, by family.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TrackParams {
    /// Ground without obstacles.
    Flat,
    /// Stumps at equal distances.
    Stump(StumpTrack),
    /// Hexagons at equal distances.
    Hexagon(HexagonTrack),
    /// Groups of five stumps that touch.
    StumpSequence(StumpSequence),
    /// The uneven ground of Gymnasium's BipedalWalker-v3.
    Grass,
    /// The stumps, stairs and pits of Gymnasium's BipedalWalkerHardcore-v3.
    Hardcore,
}

/// A kind of tracks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Family {
    /// `flat`: ground without obstacles.
    Flat,
    /// `stump`: the publication's Stump Tracks.
    Stump,
    /// `hexagon`: the publication's Hexagon Tracks.
    Hexagon,
    /// `stump_sequence`: groups of five stumps, from the publication's code.
    StumpSequence,
    /// `grass`: Gymnasium's BipedalWalker-v3.
    Grass,
    /// `hardcore`: Gymnasium's BipedalWalkerHardcore-v3.
    Hardcore,
}

/// One number of a task: what it is called, what it means, what it may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Its name in a task. Elements of a vector are named as a task space names its axes: `hexagon[3]`.
    pub name: &'static str,
    /// What it is, with its unit.
    pub meaning: &'static str,
    /// The least that is not refused.
    pub least: f64,
    /// The most that is not refused.
    pub most: f64,
    /// The range from which the publication (or its code) draws it, if it does: that of a task space.
    pub published: Option<[f64; 2]>,
    /// What holds if a task does not name it.
    pub absent: Absent,
}

/// What holds if a task does not name a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent {
    /// The task is refused.
    Refused,
    /// It has this value.
    Is(f64),
    /// The feature that it describes is left out.
    LeftOut,
}

/// A normal distribution from which something is drawn anew for every obstacle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation; 0 for the same every time.
    pub deviation: f64,
}

/// A family with parameters: how values become a track.
///
/// Values are in the order of [`PARAMETERS`](Self::PARAMETERS), `None` where something is left out.
pub(super) trait Parametric: Sized {
    const PARAMETERS: &'static [Parameter];

    fn of_values(values: &[Option<f64>]) -> Result<Self, TrackError>;
    fn values(&self) -> Vec<Option<f64>>;
    /// Lays a track; the values are within their limits.
    fn lay(&self, draws: &mut Draws) -> Result<Track, TrackError>;
}

impl TrackParams {
    /// The parameters that a task's named numbers say, as a teacher gives them.
    ///
    /// [`Family::parameters`] lists the names; those with a default may be left out.
    ///
    /// # Errors
    /// If a name is unknown or missing (the message lists the family's names), or a number is out of its limits.
    pub fn from_task(family: Family, task: &BTreeMap<String, f64>) -> Result<Self, TrackError> {
        refuse_unknown(family, task)?;
        let params = match family {
            Family::Flat => Self::Flat,
            Family::Stump => Self::Stump(read(family, task)?),
            Family::Hexagon => Self::Hexagon(read(family, task)?),
            Family::StumpSequence => Self::StumpSequence(read(family, task)?),
            Family::Grass => Self::Grass,
            Family::Hardcore => Self::Hardcore,
        };
        params.check()?;
        Ok(params)
    }

    /// The track that follows from these parameters and a seed: always the same, on every machine.
    ///
    /// # Errors
    /// If a parameter is out of its limits, or an obstacle makes no polygon: a task that is infeasible
    /// ([`TrackError::is_infeasible`]).
    pub fn build(&self, seed: u64) -> Result<Track, TrackError> {
        self.check()?;
        let draws = &mut Draws::new(seed);
        match self {
            Self::Flat => flat::build(),
            Self::Stump(stump) => stump.lay(draws),
            Self::Hexagon(hexagon) => hexagon.lay(draws),
            Self::StumpSequence(sequence) => sequence.lay(draws),
            Self::Grass => gymnasium::grass(draws),
            Self::Hardcore => gymnasium::hardcore(draws),
        }
    }

    /// The same track to be shared: all flat ones are one, which is made once.
    ///
    /// # Errors
    /// As [`TrackParams::build`].
    pub fn build_shared(&self, seed: u64) -> Result<Arc<Track>, TrackError> {
        static FLAT: OnceLock<Arc<Track>> = OnceLock::new();
        let flat = *self == Self::Flat;
        if let Some(track) = FLAT.get().filter(|_| flat) {
            return Ok(Arc::clone(track));
        }
        let track = Arc::new(self.build(seed)?);
        Ok(if flat { Arc::clone(FLAT.get_or_init(|| track)) } else { track })
    }

    /// Their family.
    pub fn family(&self) -> Family {
        match self {
            Self::Flat => Family::Flat,
            Self::Stump(_) => Family::Stump,
            Self::Hexagon(_) => Family::Hexagon,
            Self::StumpSequence(_) => Family::StumpSequence,
            Self::Grass => Family::Grass,
            Self::Hardcore => Family::Hardcore,
        }
    }

    /// The numbers that [`from_task`](Self::from_task) would make these parameters of, those left out left out.
    pub fn to_task(&self) -> BTreeMap<String, f64> {
        let names = self.family().parameters().iter().map(|parameter| parameter.name.to_owned());
        names.zip(self.values()).filter_map(|(name, value)| Some((name, value?))).collect()
    }

    fn check(&self) -> Result<(), TrackError> {
        let parameters = self.family().parameters();
        for (parameter, value) in parameters.iter().zip(self.values()) {
            if let Some(value) = value {
                check_range(parameter.name, value, parameter.least, parameter.most)?;
            }
        }
        Ok(())
    }

    fn values(&self) -> Vec<Option<f64>> {
        match self {
            Self::Flat | Self::Grass | Self::Hardcore => Vec::new(),
            Self::Stump(stump) => stump.values(),
            Self::Hexagon(hexagon) => hexagon.values(),
            Self::StumpSequence(sequence) => sequence.values(),
        }
    }
}

impl Family {
    /// All families.
    pub const ALL: [Self; 6] =
        [Self::Flat, Self::Stump, Self::Hexagon, Self::StumpSequence, Self::Grass, Self::Hardcore];

    /// The family's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flat => "flat",
            Self::Stump => "stump",
            Self::Hexagon => "hexagon",
            Self::StumpSequence => "stump_sequence",
            Self::Grass => "grass",
            Self::Hardcore => "hardcore",
        }
    }

    /// What a task of this family may name.
    pub const fn parameters(self) -> &'static [Parameter] {
        match self {
            Self::Flat | Self::Grass | Self::Hardcore => &[],
            Self::Stump => StumpTrack::PARAMETERS,
            Self::Hexagon => HexagonTrack::PARAMETERS,
            Self::StumpSequence => StumpSequence::PARAMETERS,
        }
    }
}

impl FromStr for Family {
    type Err = TrackError;

    fn from_str(name: &str) -> Result<Self, TrackError> {
        Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| TrackError::UnknownFamily {
            name: name.to_owned(),
            families: Self::ALL.map(Self::name).to_vec(),
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Parameter {
    /// The same parameter with the range from which the publication draws it.
    pub(super) const fn published(self, least: f64, most: f64) -> Self {
        Self { published: Some([least, most]), ..self }
    }

    /// The same parameter with a value that holds if a task does not name it.
    pub(super) const fn or(self, value: f64) -> Self {
        Self { absent: Absent::Is(value), ..self }
    }

    /// The same parameter with a lower least value.
    pub(super) const fn down_to(self, least: f64) -> Self {
        Self { least, ..self }
    }

    /// The same parameter, of a feature that may be left out.
    pub(super) const fn optional(self) -> Self {
        Self { absent: Absent::LeftOut, ..self }
    }

    /// A parameter from 0 to `most` that every task must name.
    pub(super) const fn up_to(name: &'static str, most: f64, meaning: &'static str) -> Self {
        Self { name, meaning, least: 0.0, most, published: None, absent: Absent::Refused }
    }
}

impl Spread {
    /// How far the reference lets the sizes of obstacles vary, in their own unit.
    pub const REFERENCE_DEVIATION: f64 = 0.1;

    /// A distribution as wide as those of the reference.
    pub const fn around(mean: f64) -> Self {
        Self { mean, deviation: Self::REFERENCE_DEVIATION }
    }

    pub(super) fn draw(self, draws: &mut Draws) -> f64 {
        draws.normal(self.mean, self.deviation)
    }
}

fn read<P: Parametric>(family: Family, task: &BTreeMap<String, f64>) -> Result<P, TrackError> {
    let value = |parameter: &Parameter| match (task.get(parameter.name), parameter.absent) {
        (Some(&value), _) => Ok(Some(value)),
        (None, Absent::Is(value)) => Ok(Some(value)),
        (None, Absent::LeftOut) => Ok(None),
        (None, Absent::Refused) => Err(TrackError::MissingParameter {
            family: family.name(),
            name: parameter.name,
            valid: names(family),
        }),
    };
    let values = P::PARAMETERS.iter().map(value).collect::<Result<Vec<_>, _>>()?;
    P::of_values(&values)
}

fn refuse_unknown(family: Family, task: &BTreeMap<String, f64>) -> Result<(), TrackError> {
    let valid = names(family);
    match task.keys().find(|name| !valid.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(TrackError::UnknownParameter { family: family.name(), name: name.clone(), valid }),
    }
}

fn names(family: Family) -> Vec<&'static str> {
    family.parameters().iter().map(|parameter| parameter.name).collect()
}
