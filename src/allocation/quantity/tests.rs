use super::*;

#[test]
fn halves_are_rounded_to_the_even_neighbour() {
    for (cores, millicores) in [
        (0.0005, 0),
        (0.0015, 2),
        (0.0025, 2),
        (1.0, 1000),
        (11.7794, 11779),
    ] {
        assert_eq!(Millicores::nearest(cores).0, millicores, "{cores}");
    }
    for (bytes, megabytes) in [
        (500_000.0, 0),
        (1_500_000.0, 2),
        (2_500_000.0, 2),
        (2_500_001.0, 3),
    ] {
        assert_eq!(Megabytes::nearest(bytes).0, megabytes, "{bytes}");
    }
}

#[test]
fn what_must_suffice_is_rounded_up() {
    assert_eq!(Megabytes::at_least(1.0), Megabytes(1));
    assert_eq!(Megabytes::at_least(2e6), Megabytes(2));
    assert_eq!(Millicores::at_least(0.2001), Millicores(201));
}

#[test]
fn cores_have_at_most_three_decimals_and_no_trailing_zeros() {
    for (millicores, text) in [
        (11_779, "11.779"),
        (1000, "1"),
        (500, "0.5"),
        (10, "0.01"),
        (0, "0"),
        (12_340, "12.34"),
    ] {
        assert_eq!(Millicores(millicores).to_cores_text(), text);
    }
    assert_eq!(Millicores(11_779).to_millicores_text(), "11779m");
    assert_eq!(Megabytes(9577).to_string(), "9577M");
}

#[test]
fn what_is_no_amount_does_not_panic() {
    for value in [f64::NAN, -1.0, f64::INFINITY] {
        let _ = (Millicores::nearest(value), Megabytes::at_least(value));
    }
}
