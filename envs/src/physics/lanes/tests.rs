//! Every operation on lanes gives in each lane the bits that the scalar operation gives there.

use super::{Lanes, Mask, Pair, Portable};
use proptest::prelude::*;

/// More than any kind of lanes has.
const MOST: usize = 64;

/// Three numbers and two truths for each lane.
#[derive(Clone, Debug)]
struct Operands {
    numbers: [Vec<f32>; 3],
    truths: [Vec<bool>; 2],
}

fn any_number() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -10.0..10.0_f32,
        // Angles beyond the bound of the fast method.
        2 => -1000.0..1000.0_f32,
        2 => any::<f32>(),
        1 => prop::num::f32::SUBNORMAL,
        1 => prop::sample::select(&[
            0.0, -0.0, 1.0, -1.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN_POSITIVE,
            119.999_99, 120.0, -120.0,
        ][..]),
    ]
}

fn any_operands() -> impl Strategy<Value = Operands> {
    // One lane's large angle sends all of a register to the slow method: half of the time there is none.
    let small = prop::collection::vec(-100.0..100.0_f32, MOST);
    let numbers = || prop::collection::vec(any_number(), MOST);
    let truths = || {
        prop_oneof![
            prop::collection::vec(any::<bool>(), MOST),
            any::<bool>().prop_map(|all| vec![all; MOST]),
            (any::<bool>(), 0..MOST).prop_map(|(all, but)| {
                let mut truths = vec![all; MOST];
                truths[but] = !all;
                truths
            }),
        ]
    };
    (prop_oneof![small, numbers()], numbers(), numbers(), truths(), truths())
        .prop_map(|(a, b, c, p, q)| Operands { numbers: [a, b, c], truths: [p, q] })
}

fn numbers_in<T: Lanes>(numbers: &[f32]) -> T {
    let mut lanes = T::zero();
    for (lane, &number) in numbers[..T::COUNT].iter().enumerate() {
        lanes.set_lane(lane, number);
    }
    lanes
}

fn truths_in<M: Mask>(truths: &[bool]) -> M {
    let mut mask = M::splat(true);
    for (lane, &truth) in truths[..M::COUNT].iter().enumerate() {
        mask.set_lane(lane, truth);
    }
    mask
}

/// What all operations give for one lane's operands; written over lanes, so that `f32` gives what is expected.
fn results<T: Lanes>(
    [a, b, c]: [T; 3],
    [p, q]: [T::Mask; 2],
) -> (Vec<(&'static str, T)>, Vec<(&'static str, T::Mask)>) {
    let (sin, cos) = a.sin_cos();
    let numbers = vec![
        ("add", a + b),
        ("sub", a - b),
        ("mul", a * b),
        ("div", a / b),
        ("neg", -a),
        ("lesser", a.lesser(b)),
        ("greater", a.greater(b)),
        ("sqrt", a.sqrt()),
        ("sine", sin),
        ("cosine", cos),
        ("bounded", a.bounded(b, c)),
        ("magnitude", a.magnitude()),
        ("select", T::select(p, a, b)),
        ("splat", T::splat(1.5)),
    ];
    let truths = vec![
        ("less", a.less(b)),
        ("at most", a.at_most(b)),
        ("not less than itself", a.less(a)),
        ("at most itself", a.at_most(a)),
        ("and", p & q),
        ("or", p | q),
        ("not", !p),
        ("splat", T::Mask::splat(true)),
    ];
    (numbers, truths)
}

fn assert_lanes_are_scalars<T: Lanes>(operands: &Operands) {
    let Operands { numbers: [a, b, c], truths: [p, q] } = operands;
    let masks: [T::Mask; 2] = [truths_in(p), truths_in(q)];
    let (numbers, truths) = results::<T>([numbers_in(a), numbers_in(b), numbers_in(c)], masks);
    for lane in 0..T::COUNT {
        let (expected_numbers, expected_truths) =
            results::<f32>([a[lane], b[lane], c[lane]], [p[lane], q[lane]]);
        for ((name, number), (_, expected)) in numbers.iter().zip(expected_numbers) {
            let number = number.lane(lane);
            // Which of its many patterns a NaN has is left open even for single numbers.
            let same = number.to_bits() == expected.to_bits() || number.is_nan() && expected.is_nan();
            assert!(same, "{name} of {}, {}, {} is {number}, not {expected}", a[lane], b[lane], c[lane]);
        }
        for ((name, truth), (_, expected)) in truths.iter().zip(expected_truths) {
            assert_eq!(truth.lane(lane), expected, "{name} of {}, {}", a[lane], b[lane]);
        }
    }
    for (mask, truths) in masks.iter().zip([p, q]) {
        assert_eq!(mask.all(), truths[..T::COUNT].iter().all(|&truth| truth));
        assert_eq!(mask.any(), truths[..T::COUNT].iter().any(|&truth| truth));
    }
    assert_eq!(T::COUNT, <T::Mask as Mask>::COUNT);
}

/// Tries a kind of lanes and pairs of it.
fn assert_all_operations<T: Lanes>() {
    proptest!(|(operands in any_operands())| {
        assert_lanes_are_scalars::<T>(&operands);
        assert_lanes_are_scalars::<Pair<T>>(&operands);
    });
}

#[test]
fn single_numbers_and_arrays_of_eight() {
    assert_all_operations::<f32>();
    assert_all_operations::<Portable>();
}

#[cfg(target_arch = "x86_64")]
#[test]
fn registers_of_avx2() {
    match super::registers::detect_avx2() {
        Some(_) => assert_all_operations::<super::registers::Avx2>(),
        None => println!("skipped: this processor has no AVX2"),
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn registers_of_avx512() {
    match super::registers::detect_avx512() {
        Some(_) => assert_all_operations::<super::registers::Avx512>(),
        None => println!("skipped: this processor has no AVX-512"),
    }
}

#[test]
fn of_equal_or_incomparable_numbers_the_second_is_the_lesser_and_the_greater() {
    for (one, other) in [(0.0_f32, -0.0_f32), (-0.0, 0.0), (f32::NAN, 2.0)] {
        assert_eq!(one.lesser(other).to_bits(), other.to_bits());
        assert_eq!(one.greater(other).to_bits(), other.to_bits());
    }
    assert!(2.0_f32.lesser(f32::NAN).is_nan());
    // The upper bound is compared first, so that a lower bound above it wins.
    assert_eq!(5.0_f32.bounded(1.0, -1.0), 1.0);
    assert_eq!((-0.0_f32).magnitude().to_bits(), 0.0_f32.to_bits());
}
