//! Teachers as flags name them.

use magister_student::{AlpGmm, Currot, Riac, Teacher};

/// Who teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TeacherName {
    /// ALP-GMM: a Gaussian mixture samples where the student's absolute learning progress is
    AlpGmm,
    /// Covar-GMM: a Gaussian mixture samples where returns rise with time
    CovarGmm,
    /// RIAC: a tree of boxes samples where the student's absolute learning progress is
    Riac,
    /// Oracle: a window goes from easy to hard, as somebody says who knows the tasks
    Oracle,
    /// CURROT: points are carried from what the student manages towards all tasks, as far as it keeps up
    Currot,
    /// Samples uniformly
    Random,
}

impl TeacherName {
    /// As it is written as a flag.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AlpGmm => "alp-gmm",
            Self::CovarGmm => "covar-gmm",
            Self::Riac => "riac",
            Self::Oracle => "oracle",
            Self::Currot => "currot",
            Self::Random => "random",
        }
    }

    /// As the publication writes it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::AlpGmm => "ALP-GMM",
            Self::CovarGmm => "Covar-GMM",
            Self::Riac => "RIAC",
            Self::Oracle => "Oracle",
            Self::Currot => "CURROT",
            Self::Random => "Random",
        }
    }

    /// Who a teacher is.
    pub(crate) fn of(teacher: &Teacher) -> Self {
        match teacher {
            Teacher::Random => Self::Random,
            Teacher::AlpGmm(_) => Self::AlpGmm,
            Teacher::CovarGmm(_) => Self::CovarGmm,
            Teacher::Riac(_) => Self::Riac,
            Teacher::Oracle(_) => Self::Oracle,
            Teacher::Currot(_) => Self::Currot,
        }
    }

    /// The teacher with the server's defaults; `None` for the Oracle, which must be told its way.
    pub(crate) fn with_defaults(self) -> Option<Teacher> {
        match self {
            Self::AlpGmm => Some(Teacher::AlpGmm(AlpGmm::default())),
            Self::CovarGmm => Some(Teacher::CovarGmm(AlpGmm::default())),
            Self::Riac => Some(Teacher::Riac(Riac::default())),
            Self::Oracle => None,
            Self::Currot => Some(Teacher::Currot(Currot::default())),
            Self::Random => Some(Teacher::Random),
        }
    }
}
