//! Waste against failure: no allocator is better in both than those on the dashed line.

use super::scale::{Kind, Scale, round_values};
use super::{Outcome, escaped, line, put};

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 55.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 15.0;
const BOTTOM: f64 = HEIGHT - 40.0;

struct Point<'a> {
    name: &'a str,
    fail: f64,
    waste: f64,
}

pub(super) fn push(page: &mut String, outcome: &Outcome) {
    let points: Vec<Point<'_>> = outcome
        .tallies
        .iter()
        .map(|tally| Point {
            name: &tally.name,
            fail: 100.0 * tally.score.failed_share(),
            waste: tally.score.waste_per_use(),
        })
        .collect();
    let most = |of: fn(&Point<'_>) -> f64| points.iter().map(of).fold(0.0, f64::max);
    let least = points.iter().map(|it| it.waste).fold(f64::MAX, f64::min);
    let fails = (0.0, (most(|it| it.fail) * 1.15).max(1.0));
    let wastes = (least.max(1e-3) / 1.3, most(|it| it.waste).max(1e-3) * 1.3);
    let x = Scale::new(Kind::SquareRoot, fails, (LEFT, RIGHT));
    let y = Scale::new(Kind::Logarithmic, wastes, (BOTTOM, TOP));

    line(page, "<figure>");
    put(
        page,
        format_args!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" role=\"img\">\n"),
    );
    line(page, "<title>Waste against failure</title>");
    axes(page, x, y, fails, wastes);
    let best = undominated(&points);
    let edge: Vec<String> = best
        .iter()
        .map(|it| format!("{:.1},{:.1}", x.at(it.fail), y.at(it.waste)))
        .collect();
    put(
        page,
        format_args!("<polyline class=\"edge\" points=\"{}\"/>\n", edge.join(" ")),
    );
    // A label hides no point.
    let mut taken: Vec<[f64; 4]> = points
        .iter()
        .map(|it| (x.at(it.fail), y.at(it.waste)))
        .map(|(x, y)| [x - 6.0, y - 6.0, x + 6.0, y + 6.0])
        .collect();
    for point in &points {
        let (at_x, at_y) = (x.at(point.fail), y.at(point.waste));
        let is_best = best.iter().any(|it| it.name == point.name);
        let class = if is_best { "best" } else { "rest" };
        let (label_x, label_y) = free_place(&mut taken, at_x, at_y, point.name.len());
        put(
            page,
            format_args!(
                "<circle class=\"{class}\" cx=\"{at_x:.1}\" cy=\"{at_y:.1}\" r=\"5\"/>\
                 <text class=\"name\" x=\"{label_x:.1}\" y=\"{label_y:.1}\">{}</text>\n",
                escaped(point.name)
            ),
        );
    }
    line(page, "</svg>");
    line(
        page,
        "<figcaption>Across: builds of a hundred that were killed at least once. Up: memory held in vain per \
         memory used. No allocator is better in both than those on the dashed line.</figcaption></figure>",
    );
}

fn axes(page: &mut String, x: Scale, y: Scale, fails: (f64, f64), wastes: (f64, f64)) {
    let across = [0.0].into_iter().chain(round_values(0.1, fails.1));
    let mut last = f64::MIN;
    for value in across {
        let at = x.at(value);
        // Labels that would touch are left out.
        if at - last < 35.0 {
            continue;
        }
        last = at;
        put(
            page,
            format_args!(
                "<path class=\"grid\" d=\"M{at:.1} {TOP}V{BOTTOM}\"/>\
                 <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{value} %</text>\n",
                BOTTOM + 18.0
            ),
        );
    }
    for value in round_values(wastes.0, wastes.1) {
        let at = y.at(value);
        put(
            page,
            format_args!(
                "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
                LEFT - 6.0,
                at + 4.0,
                rounded(value)
            ),
        );
    }
}

/// Without the dust that powers of ten leave behind.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// The allocators that no other dominates, by failure.
fn undominated<'p, 'a>(points: &'p [Point<'a>]) -> Vec<&'p Point<'a>> {
    let mut sorted: Vec<_> = points.iter().collect();
    sorted.sort_by(|a, b| a.fail.total_cmp(&b.fail).then(a.waste.total_cmp(&b.waste)));
    let mut least = f64::INFINITY;
    sorted.retain(|point| {
        let better = point.waste < least;
        least = least.min(point.waste);
        better
    });
    sorted
}

/// A free place for a label of this many letters next to a point.
fn free_place(taken: &mut Vec<[f64; 4]>, x: f64, y: f64, letters: usize) -> (f64, f64) {
    let width = 6.2 * letters as f64;
    let candidates = [0.0, -13.0, 13.0, -26.0, 26.0, -39.0, 39.0]
        .into_iter()
        .flat_map(|down| [(x + 9.0, y + 4.0 + down), (x - 9.0 - width, y + 4.0 + down)]);
    let area = |(x, y): (f64, f64)| [x, y - 10.0, x + width, y + 2.0];
    let fits = |place: &(f64, f64)| {
        let [left, top, right, bottom] = area(*place);
        let inside = left >= LEFT && right <= WIDTH && top >= 0.0 && bottom <= BOTTOM;
        inside
            && taken
                .iter()
                .all(|it| right < it[0] || it[2] < left || bottom < it[1] || it[3] < top)
    };
    let place = candidates.clone().find(fits).unwrap_or((x + 9.0, y + 4.0));
    taken.push(area(place));
    place
}
