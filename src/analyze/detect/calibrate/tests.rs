//! Benjamini-Hochberg of the textbook, the tail of quiet and of noisy days, and the bound by looks.

use super::*;

#[test]
fn benjamini_hochberg_of_the_textbook() {
    let q = q_values(&[0.01, 0.04, 0.03, 0.005], 4);
    let expected = [0.02, 0.04, 0.04, 0.02];
    for (got, want) in q.iter().zip(expected) {
        assert!((got - want).abs() < 1e-12, "{q:?}");
    }
    assert!((q_values(&[0.01], 10)[0] - 0.1).abs() < 1e-12);
}

#[test]
fn quiet_days_leave_a_tail_of_scale_one() {
    let gumbel = Gumbel::fit(&[3.0; 7]).unwrap();
    assert!(gumbel.tail(3.0) > 0.3);
    assert!(gumbel.tail(30.0) <= 1e-6 && gumbel.tail(1e9) > 0.0);
    assert!(Gumbel::fit(&[1.0]).is_none());
}

#[test]
fn noisy_days_widen_the_tail() {
    let quiet = Gumbel::fit(&[5.0, 6.0, 5.5, 6.5, 5.0, 6.0, 6.0]).unwrap();
    let noisy = Gumbel::fit(&[5.0, 20.0, 8.0, 15.0, 11.0, 30.0, 6.0]).unwrap();
    assert!(noisy.tail(25.0) > 100.0 * quiet.tail(25.0));
}

#[test]
fn the_bound_grows_with_the_number_of_looks() {
    assert!(bound(10.0, 1000.0) > bound(10.0, 10.0));
    assert!((bound(0.0, 1e9) - 1.0).abs() < 1e-12);
}
