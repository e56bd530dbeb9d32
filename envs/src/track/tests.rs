//! What holds for every family, and what the tests of one family share.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The ground's points, each edge beginning where the one before ended.
pub(super) fn ground(track: &Track) -> Vec<Vec2> {
    let edges: Vec<[Vec2; 2]> = track
        .surfaces()
        .iter()
        .filter_map(|surface| match surface {
            Surface::Edge(edge) => Some(*edge.ends()),
            Surface::Polygon(_) => None,
        })
        .collect();
    assert!(edges.windows(2).all(|pair| pair[0][1] == pair[1][0]), "the ground has a hole");
    let first = edges.first().map(|ends| ends[0]);
    first.into_iter().chain(edges.iter().map(|ends| ends[1])).collect()
}

/// The outlines of the obstacles.
pub(super) fn obstacles(track: &Track) -> Vec<Outline> {
    track.outlines().iter().filter(|outline| outline.kind == OutlineKind::Polygon).cloned().collect()
}

fn assert_walkable(track: &Track) {
    assert!(track.surfaces().len() <= MAX_SURFACES);
    assert_eq!((track.start_height_m(), track.finish_x_m()), (START_HEIGHT_M, FINISH_X_M));
    let ground = ground(track);
    assert_eq!(ground[0], Vec2::new(0.0, START_HEIGHT_M as f32));
    assert!(ground.windows(2).all(|pair| pair[0].x <= pair[1].x), "the ground turns back");
    assert!(f64::from(ground[ground.len() - 1].x) > FINISH_X_M, "the ground ends before the finish");
    let before_pad_end = ground.iter().filter(|point| f64::from(point.x) <= 2.0 * START_X_M);
    assert!(before_pad_end.clone().count() >= 2);
    assert!(before_pad_end.clone().all(|point| point.y == ground[0].y), "the start pad is not level");
    let vertices = track.surfaces().iter().flat_map(|surface| match surface {
        Surface::Edge(edge) => edge.ends().to_vec(),
        Surface::Polygon(polygon) => polygon.vertices().to_vec(),
    });
    for vertex in vertices {
        assert!(vertex.x.abs() <= MAX_COORDINATE_M as f32 && vertex.y.abs() <= MAX_COORDINATE_M as f32);
    }
    // Obstacles come first, as the reference creates them.
    let kinds: Vec<bool> =
        track.surfaces().iter().map(|surface| matches!(surface, Surface::Polygon(_))).collect();
    assert!(kinds.is_sorted_by(|one, other| one >= other));
}

fn task(numbers: &[(&str, f64)]) -> BTreeMap<String, f64> {
    numbers.iter().map(|&(name, value)| (name.to_owned(), value)).collect()
}

/// A family and a task of it whose numbers lie in the ranges that `range` says; about half of those that may be left out are.
fn any_task(range: fn(&Parameter) -> [f64; 2]) -> impl Strategy<Value = (Family, BTreeMap<String, f64>)> {
    let shares = prop::collection::vec((0.0..=1.0_f64, any::<u8>()), 15);
    (prop::sample::select(&Family::ALL[..]), shares).prop_map(move |(family, shares)| {
        let mut task = BTreeMap::new();
        for (parameter, (share, choice)) in family.parameters().iter().zip(shares) {
            let [least, most] = range(parameter);
            // Ends are where things go wrong.
            let share = match choice % 8 {
                0 => 0.0,
                1 => 1.0,
                _ => share,
            };
            let alone = parameter
                .name
                .strip_suffix("_deviation")
                .is_some_and(|mean| parameter.absent == Absent::LeftOut && !task.contains_key(mean));
            if !alone && (parameter.absent == Absent::Refused || choice & 64 == 0) {
                task.insert(parameter.name.to_owned(), least + (most - least) * share);
            }
        }
        (family, task)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_task_within_the_limits_gives_a_track_or_the_obstacle_that_cannot_be_built(
        (family, task) in any_task(|parameter| [parameter.least, parameter.most]),
        seed: u64,
    ) {
        let params = TrackParams::from_task(family, &task).unwrap();
        prop_assert_eq!(params.family(), family);
        match params.build(seed) {
            Ok(track) => assert_walkable(&track),
            Err(error @ TrackError::Surface { .. }) => prop_assert!(error.is_infeasible()),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn any_task_within_the_published_ranges_gives_a_track(
        (family, task) in any_task(|parameter| {
            parameter.published.unwrap_or([parameter.least, parameter.most.min(1.0)])
        }),
        seed: u64,
    ) {
        assert_walkable(&TrackParams::from_task(family, &task).unwrap().build(seed).unwrap());
    }

    #[test]
    fn a_saved_track_comes_back_equal(
        (family, task) in any_task(|parameter| parameter.published.unwrap_or([parameter.least, 1.0])),
        seed: u64,
    ) {
        let track = TrackParams::from_task(family, &task).unwrap().build(seed).unwrap();
        let text = track.to_json();
        let again = Track::from_json(&text).unwrap();
        prop_assert_eq!(&again, &track);
        prop_assert_eq!(again.to_json(), text);
    }

    #[test]
    fn a_task_comes_back_from_its_parameters(
        (family, task) in any_task(|parameter| [parameter.least, parameter.most]),
    ) {
        let params = TrackParams::from_task(family, &task).unwrap();
        let whole = params.to_task();
        prop_assert!(task.iter().all(|(name, value)| whole[name] == *value));
        prop_assert_eq!(TrackParams::from_task(family, &whole).unwrap(), params);
    }
}

#[test]
fn the_same_seed_gives_the_same_track_and_another_one_another() {
    for family in Family::ALL {
        let named = family.parameters().iter().filter(|parameter| parameter.absent == Absent::Refused);
        let task = named.map(|parameter| (parameter.name.to_owned(), 1.0)).collect();
        let params = TrackParams::from_task(family, &task).unwrap();
        let track = params.build(11).unwrap();
        assert_eq!(params.build(11).unwrap(), track, "{family}");
        assert_eq!(params.build(12).unwrap() == track, family == Family::Flat, "{family}");
    }
}

#[test]
fn tracks_of_a_seed_never_change() {
    // Equal on every machine and in every release: who recorded a seed must get its track back.
    let hashes = Family::ALL.map(|family| {
        let numbers = family.parameters().iter().map(|parameter| (parameter.name.to_owned(), 0.75)).collect();
        let track = TrackParams::from_task(family, &numbers).unwrap().build(1).unwrap();
        let numbers = track.outlines().iter().flat_map(|outline| outline.vertices.as_flattened());
        numbers.fold(0_u64, |hash, value| hash.wrapping_mul(0x0100_0000_01b3) ^ value.to_bits())
    });
    let expected = [
        0xe305_93fa_2878_244c,
        0x42ba_7229_b68c_4622,
        0x7f59_4459_365d_5f8c,
        0x0caa_457d_779a_7ed7,
        0x28d0_8b6d_090b_c7fa,
        0x63dd_0299_3a99_feb4,
    ];
    assert_eq!(hashes, expected, "{hashes:#x?}");
}

#[test]
fn published_ranges_lie_within_the_limits_and_names_are_unique() {
    for family in Family::ALL {
        assert_eq!(family.name().parse(), Ok(family));
        let parameters = family.parameters();
        for (index, parameter) in parameters.iter().enumerate() {
            let Parameter { name, least, most, published, absent, .. } = *parameter;
            assert!(least < most && (least..=most).contains(&0.5), "{name}");
            if let Some([low, high]) = published {
                assert!(least <= low && low < high && high <= most, "{name}");
            }
            if let Absent::Is(value) = absent {
                assert!((least..=most).contains(&value), "{name}");
            }
            assert!(parameters[..index].iter().all(|other| other.name != name), "{name}");
        }
    }
}

#[test]
fn the_publications_tracks_are_those_of_tasks_that_name_only_its_numbers() {
    let stump = task(&[("stump_height", 1.5), ("obstacle_spacing", 2.0)]);
    assert_eq!(
        TrackParams::from_task(Family::Stump, &stump),
        Ok(TrackParams::Stump(StumpTrack::new(1.5, 2.0)))
    );
    let offsets: [f64; 12] = core::array::from_fn(|index| index as f64 / 4.0);
    let hexagon = (0..12).map(|index| (format!("hexagon[{index}]"), offsets[index])).collect();
    assert_eq!(
        TrackParams::from_task(Family::Hexagon, &hexagon),
        Ok(TrackParams::Hexagon(HexagonTrack::new(offsets)))
    );
    let stumps: [[f64; 2]; 5] = core::array::from_fn(|index| [index as f64, 0.5 + index as f64]);
    let sequence = (0..5)
        .flat_map(|index| {
            let [height, width] = stumps[index];
            [(format!("stump_heights[{index}]"), height), (format!("stump_widths[{index}]"), width)]
        })
        .collect();
    assert_eq!(
        TrackParams::from_task(Family::StumpSequence, &sequence),
        Ok(TrackParams::StumpSequence(StumpSequence::new(stumps)))
    );
    let varied = task(&[
        ("stump_height", 1.5),
        ("obstacle_spacing", 2.0),
        ("stump_width", 2.0),
        ("stump_rotation", 0.5),
        ("stump_rotation_deviation", 0.0),
    ]);
    let Ok(TrackParams::Stump(varied)) = TrackParams::from_task(Family::Stump, &varied) else { panic!() };
    assert_eq!(varied.stump_width, Some(Spread { mean: 2.0, deviation: 0.1 }));
    assert_eq!(varied.stump_rotation, Some(Spread { mean: 0.5, deviation: 0.0 }));
}

#[test]
fn bad_tasks_are_refused_with_what_to_mend() {
    const STUMP: &str = "its parameters are stump_height, stump_height_deviation, obstacle_spacing, stump_width, \
        stump_width_deviation, stump_rotation, stump_rotation_deviation, roughness";
    let stump = [("stump_height", 1.0), ("obstacle_spacing", 2.0)];
    let with = |name, value| {
        let mut task = task(&stump);
        task.insert(String::from(name), value);
        task
    };
    let other = |family, task: BTreeMap<_, _>, message: String| (family, task, false, message);
    let range = |name, value, message: &str| (Family::Stump, with(name, value), true, message.to_owned());
    let alone = "`stump_width_deviation` says how far `stump_width` varies: give that too, or leave this out"
        .to_owned();
    let cases = [
        other(
            Family::Flat,
            with("stump_height", 1.0),
            "the family `flat` has no parameter `obstacle_spacing`: it has none".to_owned(),
        ),
        other(
            Family::Stump,
            task(&stump[..1]),
            format!("the family `stump` needs `obstacle_spacing`: {STUMP}"),
        ),
        other(
            Family::Stump,
            with("stump_heigth", 1.0),
            format!("the family `stump` has no parameter `stump_heigth`: {STUMP}"),
        ),
        other(Family::Stump, with("stump_width_deviation", 1.0), alone),
        range("stump_height", 100.5, "stump_height is 100.5: give a number from -100 to 100"),
        range("stump_width", -0.5, "stump_width is -0.5: give a number from 0 to 100"),
        range("roughness", f64::NAN, "roughness is NaN: give a number from 0 to 10"),
        range("obstacle_spacing", f64::INFINITY, "obstacle_spacing is inf: give a number from 0 to 100"),
        range("stump_rotation", 7.0, "stump_rotation is 7: give a number from 0 to 6.283185307179586"),
    ];
    for (family, task, infeasible, expected) in cases {
        let error = TrackParams::from_task(family, &task).unwrap_err();
        assert_eq!((error.to_string(), error.is_infeasible()), (expected, infeasible));
    }
    assert_eq!(
        "stumps".parse::<Family>().unwrap_err().to_string(),
        "there is no family of tracks named `stumps`: the families are flat, stump, hexagon, stump_sequence, \
         grass, hardcore"
    );
}

#[test]
fn parameters_that_were_not_read_from_a_task_are_checked_when_a_track_is_built() {
    for (params, name) in [
        (TrackParams::Stump(StumpTrack::new(f64::NAN, 1.0)), "stump_height"),
        (TrackParams::Hexagon(HexagonTrack::new([11.0; 12])), "hexagon[0]"),
        (TrackParams::StumpSequence(StumpSequence::new([[1.0, f64::INFINITY]; 5])), "stump_widths[0]"),
    ] {
        let error = params.build(1).unwrap_err();
        assert!(error.is_infeasible() && error.to_string().starts_with(&format!("{name} is ")), "{error}");
    }
}
