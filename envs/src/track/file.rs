//! The text in which a track is saved, and how it is read.
//!
//! The format is described at [`Track::to_json`].

use super::{FINISH_X_M, Feature, Outline, OutlineKind, START_HEIGHT_M, Track, TrackError, check_count};
use serde::{Deserialize, Serialize};
use serde_json::Value;

const FORMAT: &str = "magister-track";
const VERSION: u64 = 1;

#[derive(Serialize)]
struct Saved<'a> {
    format: &'static str,
    version: u64,
    start_height_m: f64,
    finish_x_m: f64,
    surfaces: &'a [Outline],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u64,
    start_height_m: f64,
    finish_x_m: f64,
    surfaces: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenOutline {
    kind: OutlineKind,
    feature: Option<Feature>,
    vertices: Vec<[f64; 2]>,
}

impl Track {
    /// The track as JSON, on one line; [`from_json`](Self::from_json) makes an equal track of it, bit for bit.
    ///
    /// ```json
    /// {"format": "magister-track", "version": 1, "start_height_m": 3.33, "finish_x_m": 88.67,
    ///  "surfaces": [{"kind": "polygon", "feature": "stump", "vertices": [[9, 3], [9.5, 3], [9.5, 4]]},
    ///               {"kind": "edge", "feature": "ground", "vertices": [[0, 3], [90, 3]]}]}
    /// ```
    ///
    /// `version` rises whenever an older release could no longer read a file. `kind` is `edge` (two vertices) or
    /// `polygon` (3 to 16, of which the convex hull is taken). `feature` is `ground`, `stump`, `hexagon`, `stairs`, `pit`
    /// or `obstacle`; without it an edge is ground and a polygon an obstacle. Vertices are in metres, surfaces in their
    /// order of creation. Other fields are refused: they would be misspelt ones.
    pub fn to_json(&self) -> String {
        let saved = Saved {
            format: FORMAT,
            version: VERSION,
            start_height_m: self.start_height_m,
            finish_x_m: self.finish_x_m,
            surfaces: &self.outlines,
        };
        serde_json::to_string(&saved).expect("finite numbers and plain names always make JSON")
    }

    /// The track that a JSON says, as [`to_json`](Self::to_json) writes it.
    ///
    /// # Errors
    /// If the text is no JSON or another one, of another version, or if a surface (the message names it) or another
    /// number is refused.
    pub fn from_json(text: &str) -> Result<Self, TrackError> {
        let value: Value = serde_json::from_str(text).map_err(not_a_track)?;
        let format = value.get("format").and_then(Value::as_str);
        if format != Some(FORMAT) {
            return Err(TrackError::NotATrack(format!("its field `format` is not \"{FORMAT}\"")));
        }
        match value.get("version").and_then(Value::as_u64) {
            Some(VERSION) => {}
            Some(found) => return Err(TrackError::Version { found, known: VERSION }),
            None => {
                return Err(TrackError::NotATrack("its field `version` is not a whole number".to_owned()));
            }
        }
        let given: Given = serde_json::from_value(value).map_err(not_a_track)?;
        Self::new(outlines(given.surfaces)?, given.start_height_m, given.finish_x_m)
    }

    /// The track of a bare JSON list of surfaces, `[{"kind": …, "vertices": …}, …]`, as the reference's recorded
    /// trajectories hold it, with the reference's start and finish.
    ///
    /// # Errors
    /// If the text is no such list, or a surface (the message names it) is refused.
    pub fn from_terrain_json(text: &str) -> Result<Self, TrackError> {
        let surfaces: Vec<Value> = serde_json::from_str(text).map_err(not_a_track)?;
        Self::new(outlines(surfaces)?, START_HEIGHT_M, FINISH_X_M)
    }
}

fn outlines(surfaces: Vec<Value>) -> Result<Vec<Outline>, TrackError> {
    check_count(surfaces.len())?;
    surfaces.into_iter().enumerate().map(|(index, surface)| outline(index, surface)).collect()
}

fn outline(index: usize, surface: Value) -> Result<Outline, TrackError> {
    let GivenOutline { kind, feature, vertices } = serde_json::from_value(surface)
        .map_err(|error| TrackError::Entry { index, reason: error.to_string() })?;
    let feature = feature.unwrap_or(match kind {
        OutlineKind::Edge => Feature::Ground,
        OutlineKind::Polygon => Feature::Obstacle,
    });
    Ok(Outline { kind, feature, vertices })
}

fn not_a_track(error: serde_json::Error) -> TrackError {
    TrackError::NotATrack(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A saved track with one surface, or with something else in its place.
    fn saved(surface: &str) -> String {
        format!(
            r#"{{"format":"magister-track","version":1,"start_height_m":1.5,"finish_x_m":20.0,"surfaces":[{surface}]}}"#
        )
    }

    const EDGE: &str = r#"{"kind":"edge","feature":"ground","vertices":[[0.0,0.1],[30.0,-2.5]]}"#;

    #[test]
    fn a_saved_track_is_the_text_it_was_read_from() {
        let wall =
            r#"{"kind":"polygon","feature":"pit","vertices":[[5.0,0.0],[4.2,0.3],[5.0,1.0],[4.0,1.0]]}"#;
        let text = saved(&[EDGE, wall].join(","));
        let track = Track::from_json(&text).unwrap();
        assert_eq!(track.to_json(), text);
        assert_eq!((track.start_height_m(), track.finish_x_m()), (1.5, 20.0));
        assert_eq!(track.surfaces().len(), 2);
        assert_eq!(track.outlines()[1].feature, Feature::Pit);
    }

    #[test]
    fn surfaces_of_a_recorded_trajectory_get_the_references_start_and_finish() {
        // The first polygon and edge of the stump track in the reference's recordings, and its edge without length.
        let text = r#"[
            {"kind":"polygon","vertices":[[9.333333333333334,3.3333333333333335],[9.8,3.3333333333333335],
                [9.8,4.365406720187379],[9.333333333333334,4.365406720187379]]},
            {"kind":"edge","vertices":[[0.0,3.3333332538604736],[9.333333015441895,3.3333332538604736]]},
            {"kind":"edge","vertices":[[9.333333015441895,3.3333332538604736],[9.333333015441895,3.3333332538604736]]}]"#;
        let track = Track::from_terrain_json(text).unwrap();
        assert_eq!((track.start_height_m(), track.finish_x_m()), (START_HEIGHT_M, FINISH_X_M));
        let features: Vec<_> = track.outlines().iter().map(|outline| outline.feature).collect();
        assert_eq!(features, [Feature::Obstacle, Feature::Ground, Feature::Ground]);
        assert_eq!(Track::from_json(&track.to_json()).unwrap(), track);
    }

    #[test]
    fn bad_files_are_refused_with_what_is_wrong() {
        let many = vec![EDGE; 10_001].join(",");
        let cases = [
            ("{", "this is not a track's JSON: EOF while parsing an object at line 1 column 1"),
            ("[]", "this is not a track's JSON: its field `format` is not \"magister-track\""),
            (
                r#"{"format":"magister-track"}"#,
                "this is not a track's JSON: its field `version` is not a whole number",
            ),
            (
                r#"{"format":"magister-track","version":2,"surfaces":7}"#,
                "the track is saved in version 2 of the format, and this release reads version 1",
            ),
            (
                r#"{"format":"magister-track","version":1,"surfaces":[],"start_height_m":0}"#,
                "this is not a track's JSON: missing field `finish_x_m`",
            ),
            (&saved(EDGE).replace("finish_x_m", "finish"), "unknown field `finish`, expected one of"),
            (&saved(""), "a track needs at least one surface"),
            (&saved(&many), "a track has at most 10000 surfaces, not 10001: join ground"),
            (
                &saved(EDGE).replace("1.5", "2e4"),
                "start_height_m is 20000: give a number from -10000 to 10000",
            ),
            (&saved(EDGE).replace("20.0", "-1"), "finish_x_m is -1: give a number from 0 to 10000"),
            (&saved(EDGE).replace("20.0", "1e999"), "this is not a track's JSON: number out of range"),
            (
                &saved(&[EDGE, r#"{"kind":"edge"}"#].join(",")),
                "entry 1 of the surfaces: missing field `vertices`",
            ),
            (
                &saved(&EDGE.replace("edge", "circle")),
                "entry 0 of the surfaces: unknown variant `circle`, expected `edge` or `polygon`",
            ),
            (&saved(&EDGE.replace("ground", "lava")), "entry 0 of the surfaces: unknown variant `lava`"),
            (
                &saved(&EDGE.replace("0.1", "null")),
                "entry 0 of the surfaces: invalid type: null, expected f64",
            ),
            (&saved(&EDGE.replace("0.1", "0,0")), "entry 0 of the surfaces: "),
            (
                &saved(&EDGE.replace("],[", "],[4,4],[")),
                "surface 0, a piece of ground, cannot be built: an edge has 2 vertices, not 3",
            ),
            (
                &saved(&[EDGE, &EDGE.replace("-2.5", "1e5")].join(",")),
                "surface 1, a piece of ground, cannot be built: (30, 100000) is not a point within 10000 m of the origin",
            ),
            (
                &saved(&EDGE.replace("edge", "polygon").replace("ground", "stump")),
                "surface 0, a stump, cannot be built: a polygon has 3 to 16 points, not 2: leave out points",
            ),
            (
                &saved(r#"{"kind":"polygon","vertices":[[0,0],[1,1],[2,2]]}"#),
                "surface 0, an obstacle, cannot be built: the polygon has no area: its points must not lie on one line",
            ),
        ];
        for (text, expected) in cases {
            let message = Track::from_json(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }
}
