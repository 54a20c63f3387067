//! How the learning rate changes.

use std::f64::consts::PI;

/// Linear rise over `warmup` steps to `highest`, then half a cosine down to `final_share * highest` at the last of
/// `total` steps (Loshchilov and Hutter 2016, arXiv:1608.03983). `step` counts from zero.
pub fn learning_rate(step: usize, total: usize, warmup: usize, highest: f64, final_share: f64) -> f64 {
    let warmup = warmup.min(total / 10);
    if step < warmup {
        return highest * (step + 1) as f64 / warmup as f64;
    }
    let done = (step - warmup) as f64 / (total - warmup).max(1) as f64;
    let lowest = final_share * highest;
    lowest + 0.5 * (highest - lowest) * (1.0 + (PI * done.min(1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::learning_rate;

    #[test]
    fn it_rises_to_the_highest_and_falls_to_the_last() {
        let at = |step| learning_rate(step, 1000, 50, 1e-3, 0.01);
        assert!((at(0) - 1e-3 / 50.0).abs() < 1e-12);
        assert!((at(50) - 1e-3).abs() < 1e-12);
        assert!((at(1000) - 1e-5).abs() < 1e-12);
        assert!((1..50).all(|step| at(step) > at(step - 1)) && (51..1000).all(|step| at(step) < at(step - 1)));
    }

    #[test]
    fn a_warm_up_longer_than_the_run_is_cut_to_a_tenth_of_it() {
        assert_eq!(learning_rate(1, 10, 1000, 1.0, 0.0), 1.0);
    }
}
