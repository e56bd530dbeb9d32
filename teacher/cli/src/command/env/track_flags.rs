//! The flags that say which track: its family with one flag for each parameter, or a file.
//!
//! The flags of parameters follow from what the families say of themselves, so that none is missing here.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use magister_envs::track::{Absent, Family, Parameter, Track, TrackParams};

use crate::{failure::Failure, number};

/// Which track.
#[derive(Clone, Debug)]
pub(super) struct TrackFlags {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    Family { family: Family, given: Vec<(&'static ParameterFlag, Vec<f64>)> },
    File(PathBuf),
}

/// A track and what is said of it.
#[derive(Clone, Debug)]
pub(crate) struct ChosenTrack {
    pub(crate) track: Track,
    /// What it is called on a picture.
    pub(crate) title: String,
    /// Whether a seed has to do with it.
    pub(crate) seeded: bool,
    /// The parameters that a picture names, in the order of the family's.
    pub(crate) given: Vec<(String, Vec<f64>)>,
    /// Every number that makes the track, by the names of a task; empty for a file.
    pub(crate) task: BTreeMap<String, f64>,
}

impl TrackFlags {
    /// Makes or reads the track.
    pub(super) fn track(&self, seed: u64) -> Result<ChosenTrack, Failure> {
        match &self.source {
            Source::Family { family, given } => made(*family, given, seed),
            Source::File(path) => read(path),
        }
    }
}

impl ChosenTrack {
    /// Names and values for a caption; six values a line.
    pub(super) fn caption_rows(&self) -> Vec<(String, String)> {
        let lines = self.given.iter().flat_map(|(name, values)| {
            values.chunks(6).enumerate().map(move |(line, values)| {
                let values: Vec<String> = values.iter().map(|&value| number::significant(value, 4)).collect();
                (if line == 0 { name.clone() } else { String::new() }, values.join("  "))
            })
        });
        lines.collect()
    }
}

/// A flag for a parameter, or for a vector of them, of one or several families.
#[derive(Debug)]
struct ParameterFlag {
    /// The parameter's name, or the vector's.
    name: String,
    flag: String,
    /// The families that have it, and the names of its elements.
    families: Vec<Family>,
    parameters: Vec<&'static Parameter>,
}

static PARAMETER_FLAGS: LazyLock<Vec<ParameterFlag>> = LazyLock::new(|| {
    let mut flags: Vec<ParameterFlag> = Vec::new();
    for family in Family::ALL {
        for parameter in family.parameters() {
            let name = parameter.name.split('[').next().unwrap_or(parameter.name);
            match flags.iter_mut().find(|flag| flag.name == name) {
                None => flags.push(ParameterFlag {
                    name: name.to_owned(),
                    flag: kebab(name),
                    families: vec![family],
                    parameters: vec![parameter],
                }),
                Some(flag) => {
                    if !flag.families.contains(&family) {
                        flag.families.push(family);
                    }
                    if flag.parameters.iter().all(|known| known.name != parameter.name) {
                        flag.parameters.push(parameter);
                    }
                }
            }
        }
    }
    flags
});

/// The families' names as flags take them, in the order of [`Family::ALL`].
static FAMILY_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| Family::ALL.iter().map(|family| kebab(family.name())).collect());

impl clap::FromArgMatches for TrackFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = PARAMETER_FLAGS.iter().filter_map(|flag| {
            let values = matches.get_many::<f64>(&flag.flag)?;
            Some((flag, values.copied().collect()))
        });
        let source = match (matches.get_one::<Family>("track"), matches.get_one::<PathBuf>("track-file")) {
            (_, Some(path)) => Source::File(path.clone()),
            (Some(&family), None) => Source::Family { family, given: given.collect() },
            (None, None) => unreachable!("one of them is required"),
        };
        Ok(Self { source })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl clap::Args for TrackFlags {
    fn augment_args(command: Command) -> Command {
        let track = Arg::new("track")
            .long("track")
            .value_name("FAMILY")
            .value_parser(FamilyParser)
            .required_unless_present("track-file")
            .help("Which family of tracks");
        let file = Arg::new("track-file")
            .long("track-file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with("track")
            .conflicts_with_all(PARAMETER_FLAGS.iter().map(|flag| flag.flag.as_str()))
            .help("A track that `magister env show --save-track` saved, in the place of a family");
        let parameters = PARAMETER_FLAGS.iter().map(ParameterFlag::argument);
        command.next_help_heading("Track").args([track, file]).args(parameters).next_help_heading(None)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl ParameterFlag {
    fn argument(&'static self) -> Arg {
        let count = self.parameters.len();
        let argument = Arg::new(self.flag.as_str())
            .long(self.flag.as_str())
            .value_name(if count == 1 { "NUMBER" } else { "NUMBER,…" })
            .value_parser(value_parser!(f64))
            .allow_negative_numbers(true)
            .help(self.help());
        if count == 1 {
            argument.action(ArgAction::Set)
        } else {
            argument.action(ArgAction::Set).num_args(1).value_delimiter(',')
        }
    }

    fn help(&self) -> String {
        let families: Vec<String> = self.families.iter().map(|family| kebab(family.name())).collect();
        let first = self.parameters[0];
        let what = match self.parameters.len() {
            1 => first.meaning.to_owned(),
            count => format!("{count} numbers, {} to {}", first.name, self.parameters[count - 1].name),
        };
        let published = first
            .published
            .map_or_else(String::new, |[least, most]| format!(", {least} to {most} in the publication"));
        let absent = match self.default() {
            Some((value, families)) if families.len() == self.families.len() => {
                format!(" [default: {value}]")
            }
            Some((value, families)) => format!(" [default: {value} for {}]", families.join(", ")),
            None => String::new(),
        };
        format!("For {}: {what}{published}{absent}", families.join(", "))
    }

    /// A value that holds if the flag is not given, and for which families.
    fn default(&self) -> Option<(f64, Vec<String>)> {
        let of = |family: &Family| {
            let name = self.parameters[0].name;
            let parameter = family.parameters().iter().find(|parameter| parameter.name == name)?;
            match parameter.absent {
                Absent::Is(value) => Some((value, kebab(family.name()))),
                Absent::LeftOut | Absent::Refused => None,
            }
        };
        let defaults: Vec<(f64, String)> = self.families.iter().filter_map(of).collect();
        let value = defaults.first()?.0;
        Some((value, defaults.into_iter().map(|(_, family)| family).collect()))
    }
}

fn made(
    family: Family,
    given: &[(&'static ParameterFlag, Vec<f64>)],
    seed: u64,
) -> Result<ChosenTrack, Failure> {
    let family_name = kebab(family.name());
    if let Some((flag, _)) = given.iter().find(|(flag, _)| !flag.families.contains(&family)) {
        let owners: Vec<String> = flag.families.iter().map(|family| kebab(family.name())).collect();
        let failure = Failure::usage(format!(
            "--{} is a parameter of --track {}, not of --track {family_name}",
            flag.flag,
            owners.join(" and ")
        ));
        return Err(failure.hint(hint(family)));
    }
    let flags = PARAMETER_FLAGS.iter().filter(|flag| flag.families.contains(&family));
    for flag in flags {
        let is_needed = family.parameters().iter().any(|parameter| {
            parameter.absent == Absent::Refused
                && flag.parameters.iter().any(|own| own.name == parameter.name)
        });
        if is_needed && given.iter().all(|(given, _)| given.name != flag.name) {
            let failure = Failure::usage(format!("--track {family_name} needs --{}", flag.flag));
            return Err(failure.hint(flag.help()));
        }
    }
    let mut task = BTreeMap::new();
    for (flag, values) in given {
        if values.len() != flag.parameters.len() {
            let (found, wanted) = (values.len(), flag.parameters.len());
            return Err(Failure::usage(format!(
                "--{} has {found} of {wanted} numbers: write all of them, with commas between them",
                flag.flag
            )));
        }
        task.extend(flag.parameters.iter().map(|own| own.name.to_owned()).zip(values.iter().copied()));
    }
    let params = TrackParams::from_task(family, &task).map_err(|error| Failure::usage(error.to_string()))?;
    let track = params.build(seed).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(ChosenTrack {
        track,
        title: format!("{} track", family.name().replace('_', " ")),
        seeded: family != Family::Flat,
        given: given.iter().map(|(flag, values)| (flag.name.clone(), values.clone())).collect(),
        task: params.to_task(),
    })
}

fn read(path: &Path) -> Result<ChosenTrack, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::usage(format!("{} cannot be read: {error}", path.display())))?;
    let track =
        Track::from_json(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    let title = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ChosenTrack { track, title, seeded: false, given: Vec::new(), task: BTreeMap::new() })
}

/// Which flags a family has.
fn hint(family: Family) -> String {
    let flags = PARAMETER_FLAGS.iter().filter(|flag| flag.families.contains(&family));
    let flags: Vec<String> = flags.map(|flag| format!("--{}", flag.flag)).collect();
    if flags.is_empty() {
        format!("--track {} has no parameters", kebab(family.name()))
    } else {
        format!("--track {} has {}", kebab(family.name()), flags.join(", "))
    }
}

/// Reads a family's name; `sequence` is short for the longest of them.
#[derive(Clone, Debug)]
struct FamilyParser;

impl clap::builder::TypedValueParser for FamilyParser {
    type Value = Family;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Family, clap::Error> {
        let names = clap::builder::PossibleValuesParser::new(self.names());
        let name = names.parse_ref(command, argument, value)?;
        let canonical = if name == "sequence" { "stump-sequence".to_owned() } else { kebab(&name) };
        let index = FAMILY_NAMES.iter().position(|known| *known == canonical);
        Ok(Family::ALL[index.expect("the parser lets known names through")])
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
        Some(Box::new(self.names().into_iter()))
    }
}

impl FamilyParser {
    fn names(&self) -> Vec<clap::builder::PossibleValue> {
        let name = |(family, kebab): (Family, &'static String)| {
            let value = clap::builder::PossibleValue::new(kebab.as_str()).alias(family.name());
            if family == Family::StumpSequence { value.alias("sequence") } else { value }
        };
        Family::ALL.into_iter().zip(FAMILY_NAMES.iter()).map(name).collect()
    }
}

fn kebab(name: &str) -> String {
    name.replace('_', "-")
}
