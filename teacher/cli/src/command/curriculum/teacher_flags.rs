//! The parameters of ALP-GMM as flags: those that may change while it teaches, and the others.

use magister_student::{AlpGmm, AlpGmmEdit, AlpScope, Criterion, Engine};

/// Parameters that `create` and `edit` take.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "ALP-GMM")]
pub(super) struct LiveFlags {
    /// Episodes between two fits, and length of the window of one [default: 250]
    #[arg(long, value_name = "EPISODES")]
    fit_rate: Option<u32>,

    /// Share of tasks drawn uniformly, 0 to 1 [default: 0.2]
    #[arg(long, value_name = "SHARE")]
    random_task_ratio: Option<f64>,

    /// Fewest components tried [default: 2]
    #[arg(long, value_name = "NUMBER")]
    min_components: Option<u32>,

    /// Most components tried [default: 10]
    #[arg(long, value_name = "NUMBER")]
    max_components: Option<u32>,

    /// What chooses between numbers of components [default: aic]
    #[arg(long, value_enum)]
    criterion: Option<CriterionName>,

    /// Random starts for each number of components [default: 1]
    #[arg(long, value_name = "NUMBER")]
    em_initialisations: Option<u32>,

    /// Episodes from a fit's falling due to its effect; 0 is the publication's algorithm [default: 25]
    #[arg(long, value_name = "EPISODES")]
    fit_lag_episodes: Option<u32>,
}

/// Parameters that only `create` takes.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "ALP-GMM")]
pub(super) struct FixedFlags {
    /// Episodes before the first fit may fall due [default: the fit rate]
    #[arg(long, value_name = "EPISODES")]
    bootstrap_episodes: Option<u32>,

    /// Start each fit from the one before
    #[arg(long)]
    warm_start: bool,

    /// Episodes that ALP looks back on [default: all]
    #[arg(long, value_name = "EPISODES")]
    history_limit: Option<u64>,

    /// Whose earlier returns an episode is compared with [default: curriculum]
    #[arg(long, value_enum)]
    alp_scope: Option<AlpScopeName>,

    /// Which code fits the mixtures [default: em]
    #[arg(long, value_enum)]
    engine: Option<EngineName>,

    /// Added to the diagonal of every covariance [default: 1e-6]
    #[arg(long, value_name = "VARIANCE")]
    regularisation: Option<f64>,

    /// Rise of the mean log-likelihood below which a fit ends [default: 1e-3]
    #[arg(long, value_name = "RISE")]
    tolerance: Option<f64>,

    /// Most iterations of one fit [default: 100]
    #[arg(long, value_name = "NUMBER")]
    max_iterations: Option<u32>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum CriterionName {
    Aic,
    Bic,
    Aicc,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum AlpScopeName {
    Curriculum,
    Student,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum EngineName {
    Em,
    Linfa,
}

impl LiveFlags {
    /// The changes they ask for; `None` if they ask for none.
    pub(super) fn edit(&self) -> Option<AlpGmmEdit> {
        let edit = AlpGmmEdit {
            fit_rate: self.fit_rate,
            random_task_ratio: self.random_task_ratio,
            min_components: self.min_components,
            max_components: self.max_components,
            criterion: self.criterion.map(Criterion::from),
            em_initialisations: self.em_initialisations,
            fit_lag_episodes: self.fit_lag_episodes,
        };
        (edit != AlpGmmEdit::default()).then_some(edit)
    }
}

/// What the flags say, and `base` for the rest; `None` if they say nothing.
pub(super) fn with_flags(base: &AlpGmm, live: &LiveFlags, fixed: &FixedFlags) -> Option<AlpGmm> {
    let edit = live.edit().unwrap_or_default();
    let base = base.clone();
    let changed = AlpGmm {
        fit_rate: edit.fit_rate.or(base.fit_rate),
        random_task_ratio: edit.random_task_ratio.or(base.random_task_ratio),
        min_components: edit.min_components.or(base.min_components),
        max_components: edit.max_components.or(base.max_components),
        criterion: edit.criterion.or(base.criterion),
        em_initialisations: edit.em_initialisations.or(base.em_initialisations),
        fit_lag_episodes: edit.fit_lag_episodes.or(base.fit_lag_episodes),
        bootstrap_episodes: fixed.bootstrap_episodes.or(base.bootstrap_episodes),
        warm_start: fixed.warm_start.then_some(true).or(base.warm_start),
        history_limit: fixed.history_limit.or(base.history_limit),
        initial: base.initial,
        alp_scope: fixed.alp_scope.map(AlpScope::from).or(base.alp_scope),
        engine: fixed.engine.map(Engine::from).or(base.engine),
        regularisation: fixed.regularisation.or(base.regularisation),
        tolerance: fixed.tolerance.or(base.tolerance),
        max_iterations: fixed.max_iterations.or(base.max_iterations),
    };
    let FixedFlags {
        bootstrap_episodes: None,
        warm_start: false,
        history_limit: None,
        alp_scope: None,
        engine: None,
        regularisation: None,
        tolerance: None,
        max_iterations: None,
    } = fixed
    else {
        return Some(changed);
    };
    live.edit().map(|_| changed)
}

impl From<CriterionName> for Criterion {
    fn from(name: CriterionName) -> Self {
        match name {
            CriterionName::Aic => Self::Aic,
            CriterionName::Bic => Self::Bic,
            CriterionName::Aicc => Self::Aicc,
        }
    }
}

impl From<AlpScopeName> for AlpScope {
    fn from(name: AlpScopeName) -> Self {
        match name {
            AlpScopeName::Curriculum => Self::Curriculum,
            AlpScopeName::Student => Self::Student,
        }
    }
}

impl From<EngineName> for Engine {
    fn from(name: EngineName) -> Self {
        match name {
            EngineName::Em => Self::Em,
            EngineName::Linfa => Self::Linfa,
        }
    }
}
