use super::*;
use crate::evaluate::testing::{build, bundled, outcome};

fn page(outcomes: &[Outcome]) -> String {
    let prices = Prices {
        gb_hour: Some(0.005),
        core_hour: None,
    };
    Page {
        outcomes,
        prices,
        protocol: "As in <life> & so on.".to_owned(),
    }
    .render()
}

fn farm() -> String {
    let history = &bundled()[..600];
    let names = ["preset", "gantry-limit", "vpa-p90", "ladder-std"];
    page(&[outcome("farm", &names, history)])
}

#[test]
fn the_page_is_well_formed() {
    let farm = farm();
    well_formed(&farm);
    assert_eq!(farm.matches("<svg ").count(), 1 + 4 + 1, "figures");
    assert_eq!(
        farm.matches("<circle ").count(),
        4,
        "allocators in the frontier"
    );
    assert_eq!(farm.matches("class=\"bar\"").count(), 20, "packages");
    for text in [
        "farm",
        "ladder-std",
        "Marks: gantry-limit",
        "more packages",
        "10 GB",
    ] {
        assert!(farm.contains(text), "{text}");
    }
    for nonsense in ["NaN", "inf", "Infinity"] {
        assert!(!farm.contains(nonsense), "{nonsense}");
    }
}

#[test]
fn the_page_needs_nothing_else() {
    let farm = farm();
    for outside in [
        "http:", "https:", "//", "src=", "href", "<script", "<link", "url(", "@import", "<iframe",
        "<img",
    ] {
        assert!(!farm.contains(outside), "{outside}");
    }
    assert!(farm.contains("default-src 'none'"));
}

#[test]
fn names_from_outside_stay_names() {
    let nasty = "<script>alert(1)</script>";
    let mut sample = build("x", 1e9);
    sample.spec.name = format!("{nasty}\"'&\u{1}");
    let page = page(&[outcome(nasty, &["preset", "ladder-std"], &[sample])]);
    well_formed(&page);
    assert!(!page.contains("<script"), "{page}");
    assert!(page.contains("<h2>&lt;script&gt;alert(1)&lt;/script&gt;</h2>"));
}

/// One build, the same amounts everywhere, nothing wasted: no axis may have no width.
#[test]
fn little_history_makes_a_page_as_well() {
    for (names, history) in [
        (vec!["preset"], vec![build("a", 16e9)]),
        (vec!["ladder-std"], vec![build("a", 1e6), build("a", 1e6)]),
    ] {
        let page = page(&[outcome("little", &names, &history)]);
        well_formed(&page);
        assert!(!page.contains("NaN"), "{names:?}: {page}");
    }
}

#[test]
fn the_same_contest_makes_the_same_page() {
    assert_eq!(farm(), farm());
}

#[test]
fn bytes_are_shown_in_the_unit_that_fits() {
    for (amount, text) in [
        (12.0, "12 B"),
        (1e6, "1 MB"),
        (1.5e9, "1.5 GB"),
        (1e10, "10 GB"),
        (999_999_999.0, "1 GB"),
        (3e12, "3 TB"),
    ] {
        assert_eq!(bytes(amount), text);
    }
}

/// Every tag is closed in order, every attribute is quoted, and every `&` is escaped.
#[track_caller]
fn well_formed(page: &str) {
    let body = page.strip_prefix("<!DOCTYPE html>\n").expect("a document");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        text_is_sound(&rest[..at]);
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        assert!(!tag.contains('<'), "{tag}");
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
            continue;
        }
        let name = tag.split([' ', '/']).next().expect("a name");
        attributes_are_sound(tag[name.len()..].trim_end_matches('/'));
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    text_is_sound(rest);
    assert_eq!(open, Vec::<&str>::new(), "open at the end");
}

#[track_caller]
fn attributes_are_sound(text: &str) {
    let parts: Vec<&str> = text.split('"').collect();
    assert!(parts.len() % 2 == 1, "quotes: {text}");
    for (at, part) in parts.iter().enumerate() {
        if at % 2 == 1 {
            text_is_sound(part);
        } else if at + 1 < parts.len() {
            let name = part
                .strip_prefix(' ')
                .and_then(|part| part.strip_suffix('='));
            assert!(name.is_some_and(|name| !name.contains(' ')), "{text}");
        }
    }
}

#[track_caller]
fn text_is_sound(text: &str) {
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
        assert!(
            known.iter().any(|known| text[at..].starts_with(known)),
            "{text}"
        );
    }
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
}
