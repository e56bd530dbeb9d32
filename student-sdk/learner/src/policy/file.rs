//! Policies as files: safetensors, as `docs/policy-format.md` describes them.

use super::{About, Policy};
use crate::bundled::TrackSpace;
use crate::error::LearnerError;
use crate::files;
use crate::network::Mlp;
use crate::normaliser::{CLIP, EPSILON};
use magister_envs::walker::WalkerKind;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// Raised when what a file holds changes.
const FORMAT: u32 = 1;
/// The one entry of a file's metadata: the format puts several into no order, and equal policies are to be equal files.
const ENTRY: &str = "magister_policy";

/// That entry, as JSON.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    walker: String,
    environment: String,
    steps: u64,
    activation: String,
    observation_clip: f32,
    variance_epsilon: f64,
}

impl Policy {
    /// Writes it to a file, which is replaced as a whole.
    ///
    /// # Errors
    /// [`LearnerError::File`].
    pub fn save(&self, path: &Path) -> Result<(), LearnerError> {
        files::replace(path, &self.to_bytes())
    }

    /// Reads it from a file.
    ///
    /// # Errors
    /// [`LearnerError::File`] if it cannot be read or is no policy.
    pub fn load(path: &Path) -> Result<Self, LearnerError> {
        let failed = |problem: String| LearnerError::File { path: path.to_owned(), problem };
        let bytes = fs::read(path).map_err(|error| failed(format!("cannot be read: {error}")))?;
        Self::from_bytes(&bytes).map_err(|problem| failed(format!("is no policy: {problem}")))
    }

    /// The file's contents.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
        let mut add = |name: &str, shape: &[usize], values: &mut dyn Iterator<Item = f32>| {
            tensors.push((name.to_owned(), shape.to_vec(), values.flat_map(f32::to_le_bytes).collect()));
        };
        for (layer, (weights, biases)) in self.mlp.parts(&self.parameters).enumerate() {
            add(&format!("policy.{layer}.weight"), weights.shape(), &mut weights.iter().copied());
            add(&format!("policy.{layer}.bias"), biases.shape(), &mut biases.iter().copied());
        }
        let deviations = &self.parameters[self.mlp.parameter_count()..];
        for (name, values) in [
            ("policy.log_standard_deviation", deviations),
            ("observation.mean", &self.means),
            ("observation.variance", &self.variances),
        ] {
            add(name, &[values.len()], &mut values.iter().copied());
        }
        let views = tensors.iter().map(|(name, shape, bytes)| {
            let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
            (name.as_str(), view.expect("as many bytes as the shape says"))
        });
        let description = Description {
            format: FORMAT,
            walker: self.about.walker.name().to_owned(),
            environment: self.about.tracks.name().to_owned(),
            steps: self.about.steps,
            activation: "tanh".to_owned(),
            observation_clip: CLIP,
            variance_epsilon: EPSILON,
        };
        let description = serde_json::to_string(&description).expect("plain values can be written");
        let metadata = HashMap::from([(ENTRY.to_owned(), description)]);
        safetensors::serialize(views, Some(metadata)).expect("names and shapes are the format's")
    }

    /// Reads the file's contents.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let description = header.metadata().as_ref().and_then(|metadata| metadata.get(ENTRY));
        let description = description.ok_or(format!("its metadata has no {ENTRY:?}"))?;
        let json = |error: serde_json::Error| format!("its description cannot be read: {error}");
        let Header { format } = serde_json::from_str(description).map_err(json)?;
        if format != FORMAT {
            return Err(format!("its format is {format}, and this release knows {FORMAT}"));
        }
        let description: Description = serde_json::from_str(description).map_err(json)?;
        let about = About {
            walker: named(WalkerKind::ALL, WalkerKind::name, &description.walker)?,
            tracks: named(TrackSpace::ALL, TrackSpace::name, &description.environment)?,
            steps: description.steps,
        };
        let values = |name: &str, shape: &[usize]| read(&tensors, name, shape);
        let (observations, actions) = (about.walker.observation_count(), about.walker.action_count());
        let mut sizes = vec![observations];
        let mut parameters = Vec::new();
        for layer in 0.. {
            let name = format!("policy.{layer}.weight");
            let Ok(tensor) = tensors.tensor(&name) else { break };
            let &[outputs, inputs] = tensor.shape() else {
                return Err(format!("{name} has the shape {:?}, not two sides", tensor.shape()));
            };
            if inputs != sizes[layer] {
                return Err(format!("{name} takes {inputs} inputs, and there are {}", sizes[layer]));
            }
            parameters.extend(values(&name, &[outputs, inputs])?);
            parameters.extend(values(&format!("policy.{layer}.bias"), &[outputs])?);
            sizes.push(outputs);
        }
        if sizes.len() < 2 || sizes[sizes.len() - 1] != actions {
            return Err(format!("its layers do not end in the {actions} torques of its walker"));
        }
        parameters.extend(values("policy.log_standard_deviation", &[actions])?);
        let mlp = Mlp::new(observations, &sizes[1..sizes.len() - 1], actions);
        let means = values("observation.mean", &[observations])?;
        let variances = values("observation.variance", &[observations])?;
        Ok(Self::new(about, mlp, parameters, means, variances))
    }
}

/// The beginning of every format's description.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

/// A tensor's values, if it has this shape and they are finite.
fn read(tensors: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("it has no {name}"))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        let (found, dtype) = (tensor.shape(), tensor.dtype());
        return Err(format!("{name} holds {found:?} of {dtype:?}, not {shape:?} of F32"));
    }
    let values: Vec<f32> = tensor
        .data()
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
        .collect();
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(format!("{name} holds numbers that are not finite"))
    }
}

fn named<T: Copy>(
    all: impl IntoIterator<Item = T>,
    name_of: impl Fn(T) -> &'static str,
    name: &str,
) -> Result<T, String> {
    all.into_iter()
        .find(|&one| name_of(one) == name)
        .ok_or(format!("it is for {name:?}, which this release does not know"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, stream};

    fn policy() -> Policy {
        let about = About { walker: WalkerKind::Short, tracks: TrackSpace::HexagonTracks, steps: 123_456 };
        let mlp = Mlp::new(24, &[16, 8], 4);
        let mut parameters = mlp.first_parameters(1.0, &mut stream(1, Purpose::Weights, 0));
        parameters.extend([-0.5; 4]);
        let means = (0..24).map(|index| index as f32 * 0.01).collect();
        Policy::new(about, mlp, parameters, means, vec![0.25; 24])
    }

    #[test]
    fn what_is_read_is_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy.safetensors");
        let written = policy();
        written.save(&path).unwrap();
        let read = Policy::load(&path).unwrap();
        assert_eq!(read.about(), written.about());
        let observations: Vec<f32> = (0..48).map(|index| (index as f32 * 0.7).sin()).collect();
        let acts = |policy: &Policy| {
            let mut actions = [0.0; 8];
            policy.player(2).act(&observations, &mut actions);
            actions.map(f32::to_bits)
        };
        assert_eq!(acts(&read), acts(&written));
        assert!(read.to_bytes() == written.to_bytes());
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        let bytes = policy().to_bytes();
        let changed = |from: &str, to: &str| {
            assert_eq!(from.len(), to.len());
            let at = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
            let mut bytes = bytes.clone();
            bytes[at..at + from.len()].copy_from_slice(to.as_bytes());
            bytes
        };
        let mut infinite = bytes.clone();
        let end = infinite.len();
        infinite[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        for (bytes, problem) in [
            (Vec::new(), "header"),
            (bytes[..bytes.len() - 4].to_vec(), ""),
            (changed("format\\\":1", "format\\\":2"), "this release knows"),
            (changed("short", "shark"), "\"shark\""),
            (changed("policy.2.weight", "policy.9.weight"), "do not end in the 4 torques"),
            (changed("observation.mean", "observation.meen"), "no observation.mean"),
            (infinite, "not finite"),
        ] {
            let found = Policy::from_bytes(&bytes).unwrap_err();
            assert!(found.to_lowercase().contains(problem), "{found}: {problem}");
        }
    }
}
