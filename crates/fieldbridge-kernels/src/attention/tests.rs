//! Attention against its formula in double precision, and gradients against differences of it.

mod reference;
mod sample;
mod tensors;

use pulp::Arch;

use reference::Case;
use sample::{Options, Random, Results, case, run};

/// Rounding errors of single precision: scores of up to about ten have errors of a few 1e-6, which are the relative
/// errors of the softmax; sums over keys and queries add up to ten times that.
const TOLERANCE: f64 = 3e-5;

#[track_caller]
fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let error = (f64::from(found) - expected).abs();
        assert!(error <= TOLERANCE * scale, "{what} {index}: {found} for {expected}");
    }
}

/// Compares outputs with the formula and, at `places` random places of each, gradients with central differences.
#[track_caller]
fn check(case: &Case, results: &Results, gradient: &[f64], places: usize, random: &mut Random) {
    assert_close(&results.output, &case.output(), "output");
    let weights = results.weights.clone();
    let (query_weight, key_weight) = weights.map_or((vec![], vec![]), |weights| (weights.query, weights.key));
    type Part = fn(&mut Case) -> &mut Vec<f64>;
    let parts: [(&str, &[f32], Part); 5] = [
        ("query", &results.query, |case| &mut case.query),
        ("key", &results.key, |case| &mut case.key),
        ("value", &results.value, |case| &mut case.value),
        ("query weight", &query_weight, |case| &mut case.query_weight),
        ("key weight", &key_weight, |case| &mut case.key_weight),
    ];
    for (what, found, part) in parts {
        assert_eq!(found.len(), part(&mut case.clone()).len(), "{what}");
        assert!(found.iter().all(|x| x.is_finite()), "{what} is written everywhere");
        let scale = found
            .iter()
            .fold(1.0, |largest: f64, &x| largest.max(f64::from(x).abs()));
        for _ in 0..places.min(found.len()) {
            let place = random.below(found.len());
            let mut moved = case.clone();
            let step = 1e-5;
            part(&mut moved)[place] += step;
            let above = moved.loss(gradient);
            part(&mut moved)[place] -= 2.0 * step;
            let slope = (above - moved.loss(gradient)) / (2.0 * step);
            let error = (f64::from(found[place]) - slope).abs();
            assert!(
                error <= TOLERANCE * scale,
                "{what} {place}: {} for {slope}",
                found[place]
            );
        }
    }
}

fn options() -> impl Iterator<Item = Options> {
    (0..8).map(|bits| Options {
        normalise: bits & 1 != 0,
        turn: bits & 2 != 0,
        mask: bits & 4 != 0,
    })
}

#[test]
fn small_cases_follow_the_formula() {
    let mut random = Random(1);
    for sizes in [
        [1, 1, 1, 1, 4],
        [2, 3, 3, 2, 8],
        [2, 1, 5, 3, 33],
        [1, 7, 2, 2, 2],
        [1, 5, 5, 1, 32],
        [3, 2, 13, 1, 1],
        [1, 4, 6, 2, 48],
        [1, 3, 4, 1, 70],
    ] {
        for options in options().filter(|options| !options.turn || sizes[4] % 2 == 0) {
            let case = case(&mut random, sizes, options);
            let gradient = random.numbers(case.query.len(), 1.0);
            for joint in [false, true] {
                if !joint || case.queries == case.keys {
                    let results = run(Arch::new(), &case, &gradient, joint);
                    check(&case, &results, &gradient, 12, &mut random);
                }
            }
        }
    }
}

#[test]
fn many_tokens_follow_the_formula() {
    let mut random = Random(2);
    for sizes in [
        [1, 261, 261, 2, 32],
        [2, 50, 97, 1, 8],
        [1, 49, 193, 1, 33],
        [1, 130, 48, 2, 16],
    ] {
        let turn = sizes[4] % 2 == 0;
        for options in [
            Options::default(),
            Options {
                normalise: true,
                turn,
                mask: true,
            },
        ] {
            let case = case(&mut random, sizes, options);
            let gradient = random.numbers(case.query.len(), 1.0);
            let results = run(Arch::new(), &case, &gradient, case.queries == case.keys);
            check(&case, &results, &gradient, 3, &mut random);
        }
    }
}

#[test]
fn every_machine_follows_the_formula() {
    let mut random = Random(3);
    let mut machines = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    machines.extend(pulp::x86::V3::try_new().map(Arch::V3));
    for arch in machines {
        for sizes in [[1, 50, 99, 2, 8], [1, 5, 7, 1, 20]] {
            let case = case(
                &mut random,
                sizes,
                Options {
                    normalise: true,
                    turn: true,
                    mask: true,
                },
            );
            let gradient = random.numbers(case.query.len(), 1.0);
            let results = run(arch, &case, &gradient, false);
            check(&case, &results, &gradient, 4, &mut random);
        }
    }
}

#[test]
fn sizes_of_zero_give_zeros() {
    let mut random = Random(4);
    for zero in 0..5 {
        for options in options() {
            let mut sizes = [2, 3, 3, 2, 4];
            sizes[zero] = 0;
            let case = case(&mut random, sizes, options);
            let gradient = random.numbers(case.query.len(), 1.0);
            let results = run(Arch::new(), &case, &gradient, false);
            assert_eq!(results.output.len(), case.query.len());
            for numbers in [&results.output, &results.query, &results.key, &results.value] {
                assert!(numbers.iter().all(|&x| x == 0.0), "size {zero} is zero");
            }
            if let Some(weights) = results.weights {
                assert!(weights.query.iter().chain(&weights.key).all(|&x| x == 0.0));
                assert_eq!((weights.query.len(), weights.key.len()), (case.width, case.width));
            }
        }
    }
}

#[test]
fn an_example_without_keys_gives_zeros_and_others_do_not_mind() {
    let mut random = Random(5);
    let mut case = case(
        &mut random,
        [3, 4, 4, 2, 8],
        Options {
            normalise: true,
            turn: true,
            mask: true,
        },
    );
    case.mask = vec![1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0];
    let gradient = random.numbers(case.query.len(), 1.0);
    let results = run(Arch::new(), &case, &gradient, true);
    check(&case, &results, &gradient, 30, &mut random);
    let example = 4 * 2 * 8;
    for numbers in [&results.output, &results.query, &results.key, &results.value] {
        assert!(numbers[example..2 * example].iter().all(|&x| x == 0.0));
    }
}

#[test]
fn what_a_key_that_does_not_exist_holds_changes_nothing() {
    let mut random = Random(6);
    let mut case = case(
        &mut random,
        [1, 5, 60, 1, 8],
        Options {
            normalise: true,
            turn: true,
            mask: true,
        },
    );
    let gradient = random.numbers(case.query.len(), 1.0);
    let before = run(Arch::new(), &case, &gradient, false);
    let missing = case
        .mask
        .iter()
        .position(|&mask| mask == 0.0)
        .expect("some keys do not exist");
    case.key[missing * 8] = f64::NAN;
    case.value[missing * 8 + 1] = f64::INFINITY;
    assert_eq!(before.bits(), run(Arch::new(), &case, &gradient, false).bits());
}

#[test]
fn large_scores_neither_overflow_nor_lose_the_largest() {
    let mut random = Random(7);
    let mut case = case(&mut random, [1, 3, 150, 1, 4], Options::default());
    case.query.iter_mut().for_each(|x| *x = f64::from((*x * 300.0) as f32));
    case.key.iter_mut().for_each(|x| *x = f64::from((*x * 300.0) as f32));
    // the largest score stands apart by much more than its rounding error of about 0.1
    for query in 0..3 {
        for d in 0..4 {
            case.key[(140 + query) * 4 + d] = 4.0 * case.query[query * 4 + d];
        }
    }
    let results = run(Arch::new(), &case, &vec![1.0; case.query.len()], false);
    assert_close(&results.output, &case.output(), "output");
    assert!(results.query.iter().chain(&results.key).all(|x| x.is_finite()));
}

#[test]
fn not_a_number_stays_so_and_in_its_place() {
    let mut random = Random(8);
    let options = Options {
        normalise: true,
        turn: true,
        mask: false,
    };
    for part in 0..3 {
        let mut case = case(&mut random, [1, 50, 50, 2, 8], options);
        let gradient = random.numbers(case.query.len(), 1.0);
        // token 20, head 1, component 3
        let place = (20 * 2 + 1) * 8 + 3;
        [&mut case.query, &mut case.key, &mut case.value][part][place] = f64::NAN;
        let results = run(Arch::new(), &case, &gradient, true);
        for (index, x) in results.output.iter().enumerate() {
            let (token, head, d) = (index / 16, index / 8 % 2, index % 8);
            let touched = head == 1 && [token == 20, true, d == 3][part];
            assert_eq!(
                x.is_nan(),
                touched,
                "part {part}: token {token}, head {head}, component {d}"
            );
        }
        assert!(
            results
                .query
                .iter()
                .enumerate()
                .all(|(i, x)| !x.is_nan() || i / 8 % 2 == 1),
            "the other head is whole"
        );
        assert!(results.query[place].is_nan() && results.key[place].is_nan());
    }
}

#[test]
fn a_score_of_minus_infinity_has_no_weight() {
    let mut random = Random(9);
    let mut case = case(&mut random, [1, 2, 120, 1, 4], Options::default());
    case.query.iter_mut().for_each(|x| *x = x.abs() + 0.1);
    // all keys of the first block but none after it
    for key in 0..100 {
        case.key[key * 4] = f64::NEG_INFINITY;
    }
    let results = run(Arch::new(), &case, &vec![0.0; case.query.len()], false);
    assert_close(&results.output, &case.output(), "output");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let mut random = Random(10);
    let case = case(
        &mut random,
        [3, 130, 130, 3, 32],
        Options {
            normalise: true,
            turn: true,
            mask: true,
        },
    );
    let gradient = random.numbers(case.query.len(), 1.0);
    let bits = [1, 2, 4].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| run(Arch::new(), &case, &gradient, true).bits())
    });
    assert_eq!(bits[0], bits[1]);
    assert_eq!(bits[0], bits[2]);
}

#[test]
fn powers_of_two_are_exact_to_two_units() {
    use pulp::{Simd, WithSimd};
    struct Power<'a>(&'a mut [f32]);
    impl WithSimd for Power<'_> {
        type Output = ();
        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f32s(self.0).0 {
                *x = super::power::power_of_two(simd, *x);
            }
        }
    }
    let of = |mut numbers: Vec<f32>| {
        numbers.resize(numbers.len().next_multiple_of(16), 0.0);
        Arch::new().dispatch(Power(&mut numbers));
        numbers
    };
    let numbers: Vec<f32> = (0..160_000).map(|i| -126.0 + 253.0 * i as f32 / 160_000.0).collect();
    for (&x, found) in numbers.iter().zip(of(numbers.clone())) {
        let expected = f64::from(x).exp2();
        let error = (f64::from(found) / expected - 1.0).abs();
        assert!(error <= 2.0 * f64::from(f32::EPSILON), "2^{x}: {found} for {expected}");
    }
    let special = of(vec![0.0, -0.0, 1.0, -126.0, -126.5, -1e9, f32::MIN, f32::NEG_INFINITY]);
    assert_eq!(special[..8], [1.0, 1.0, 2.0, f32::MIN_POSITIVE, 0.0, 0.0, 0.0, 0.0]);
    assert!(
        of(vec![f32::NAN, -f32::NAN, f32::from_bits(0x7fc1_2345)])[..3]
            .iter()
            .all(|x| x.is_nan())
    );
}
