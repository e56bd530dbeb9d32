//! The learner's settings as flags.

use magister_learner::PpoSettings;

use super::count;

/// Settings of PPO.
#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "PPO")]
pub(super) struct LearnerFlags {
    /// Walkers that collect experience at once, a multiple of 64 [default: 128]
    #[arg(long, value_name = "NUMBER")]
    walkers: Option<usize>,

    /// Steps of each walker between two updates, a multiple of 16 [default: 128]
    #[arg(long, value_name = "NUMBER")]
    rollout_steps: Option<usize>,

    /// Samples from which one gradient is taken [default: 1024]
    #[arg(long, value_name = "NUMBER", value_parser = count::read)]
    minibatch: Option<u64>,

    /// How often an update goes through its samples [default: 5]
    #[arg(long, value_name = "NUMBER")]
    epochs: Option<usize>,

    /// Adam's learning rate at the start [default: 3e-4]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true)]
    learning_rate: Option<f64>,

    /// The share of it that is left at the end, to which it falls evenly [default: 0.1]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    final_learning_rate_share: Option<f64>,

    /// How much later rewards count, γ [default: 0.99]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    discount: Option<f64>,

    /// λ of the advantage estimation [default: 0.95]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    trace_decay: Option<f64>,

    /// How far the ratio of an action's probabilities may move from 1 [default: 0.2]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    clip: Option<f64>,

    /// Weight of the policy's entropy, which falls to 0 [default: 0.005]
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    entropy: Option<f64>,

    /// The policy's standard deviation does not fall below this [default: 0.2]
    #[arg(long, value_name = "DEVIATION", allow_negative_numbers = true)]
    least_deviation: Option<f64>,

    /// Length to which longer gradients are shortened [default: 0.5]
    #[arg(long, value_name = "LENGTH", allow_negative_numbers = true)]
    longest_gradient: Option<f64>,

    /// Outputs of the hidden layers of both networks [default: 64,64]
    #[arg(long, value_name = "NUMBER,…", value_delimiter = ',')]
    hidden: Option<Vec<usize>>,
}

impl LearnerFlags {
    /// What they say, and the defaults for the rest; not yet checked.
    pub(super) fn settings(&self) -> PpoSettings {
        let default = PpoSettings::default();
        PpoSettings {
            walkers: self.walkers.unwrap_or(default.walkers),
            rollout_steps: self.rollout_steps.unwrap_or(default.rollout_steps),
            minibatch: self.minibatch.map_or(default.minibatch, |samples| samples as usize),
            epochs: self.epochs.unwrap_or(default.epochs),
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            final_learning_rate_share: self
                .final_learning_rate_share
                .unwrap_or(default.final_learning_rate_share),
            discount: self.discount.unwrap_or(default.discount),
            trace_decay: self.trace_decay.unwrap_or(default.trace_decay),
            clip: self.clip.unwrap_or(default.clip),
            entropy: self.entropy.unwrap_or(default.entropy),
            least_deviation: self.least_deviation.unwrap_or(default.least_deviation),
            longest_gradient: self.longest_gradient.unwrap_or(default.longest_gradient),
            hidden: self.hidden.clone().unwrap_or(default.hidden),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        flags: LearnerFlags,
    }

    #[test]
    fn the_help_names_the_defaults() {
        let help = <Line as clap::CommandFactory>::command().render_long_help().to_string();
        let PpoSettings {
            walkers,
            rollout_steps,
            minibatch,
            epochs,
            learning_rate: _,
            final_learning_rate_share,
            discount,
            trace_decay,
            clip,
            entropy,
            least_deviation,
            longest_gradient,
            hidden,
        } = PpoSettings::default();
        let hidden: Vec<String> = hidden.iter().map(usize::to_string).collect();
        for (flag, default) in [
            ("walkers", walkers.to_string()),
            ("rollout-steps", rollout_steps.to_string()),
            ("minibatch", minibatch.to_string()),
            ("epochs", epochs.to_string()),
            ("learning-rate", "3e-4".to_owned()),
            ("final-learning-rate-share", final_learning_rate_share.to_string()),
            ("discount", discount.to_string()),
            ("trace-decay", trace_decay.to_string()),
            ("clip", clip.to_string()),
            ("entropy", entropy.to_string()),
            ("least-deviation", least_deviation.to_string()),
            ("longest-gradient", longest_gradient.to_string()),
            ("hidden", hidden.join(",")),
        ] {
            let begin = help.find(&format!("--{flag} ")).expect("the flag is there");
            let end = begin + help[begin..].find(']').expect("a default is in brackets");
            assert!(help[begin..end].ends_with(&format!("[default: {default}")), "{}", &help[begin..end]);
        }
    }

    #[test]
    fn flags_become_settings() {
        let line = Line::parse_from(["train", "--entropy", "0.01", "--hidden", "32,16"]);
        let expected = PpoSettings { entropy: 0.01, hidden: vec![32, 16], ..PpoSettings::default() };
        assert_eq!(line.flags.settings(), expected);
    }
}
