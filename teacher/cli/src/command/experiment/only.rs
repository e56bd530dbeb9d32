//! `--only`: a part of the matrix.

use std::{borrow::Cow, collections::BTreeSet};

use super::plan::{Plan, PlannedRun};
use crate::failure::Failure;

/// What runs of a part have in common, as in `teacher=riac,random`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Only {
    part: Part,
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Space,
    Walker,
    Teacher,
    Seed,
}

const PARTS: [(&str, Part); 4] =
    [("space", Part::Space), ("walker", Part::Walker), ("teacher", Part::Teacher), ("seed", Part::Seed)];

impl Part {
    fn name(self) -> &'static str {
        PARTS.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }

    fn of(self, run: &PlannedRun) -> Cow<'_, str> {
        match self {
            Self::Space => Cow::from(&run.scene.space),
            Self::Walker => Cow::from(run.scene.walker),
            Self::Teacher => Cow::from(&run.teacher),
            Self::Seed => Cow::from(run.settings.seed.to_string()),
        }
    }
}

/// Reads `PART=VALUE,VALUE`.
pub(super) fn read(text: &str) -> Result<Only, String> {
    let known = text.split_once('=').and_then(|(name, values)| {
        PARTS.iter().find(|(part, _)| *part == name).map(|&(_, part)| (part, values))
    });
    let Some((part, values)) = known else {
        return Err(
            "give space, walker, teacher or seed with values, such as teacher=riac or seed=1,2".into()
        );
    };
    Ok(Only { part, values: values.split(',').map(|value| value.trim().to_owned()).collect() })
}

impl Only {
    /// Whether a run has one of the values.
    pub(super) fn holds(&self, run: &PlannedRun) -> bool {
        let value = self.part.of(run);
        self.values.iter().any(|wanted| *wanted == value)
    }

    /// That an experiment has runs with each of the values.
    ///
    /// # Errors
    /// The first that it has not, with those that it has.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), Failure> {
        let known: BTreeSet<Cow<'_, str>> = plan.runs.iter().map(|run| self.part.of(run)).collect();
        let unknown = self.values.iter().find(|value| !known.contains(value.as_str()));
        unknown.map_or(Ok(()), |value| {
            let part = self.part.name();
            let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
            Err(Failure::usage(format!("--only {part}={value}: no run of this experiment has that {part}"))
                .hint(format!("there are {}", known.join(", "))))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_read() {
        let only = read("seed=1, 20").unwrap();
        assert_eq!((only.part, &only.values[..]), (Part::Seed, &["1".to_owned(), "20".to_owned()][..]));
        for wrong in ["riac", "seeds=1", "=1", ""] {
            assert!(read(wrong).unwrap_err().contains("teacher=riac"), "{wrong}");
        }
    }
}
