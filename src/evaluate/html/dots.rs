//! Given against used, build by build: above the line memory was held in vain, below it the build
//! was killed.

use super::scale::{Kind, Scale, powers_of_ten};
use super::{Outcome, bytes, escaped, line, put};
use crate::evaluate::tally::{Dot, Tally};

const SIDE: f64 = 250.0;
const LEFT: f64 = 50.0;
const LABEL: f64 = 42.0;
const BOTTOM: f64 = SIDE - 25.0;

pub(super) fn push(page: &mut String, outcome: &Outcome) {
    let amounts = || {
        let dots = outcome.tallies.iter().flat_map(|tally| tally.dots.iter());
        dots.flat_map(|dot| [dot.used, dot.given])
    };
    let range = (
        amounts().fold(f64::MAX, f64::min),
        amounts().fold(1.0, f64::max),
    );
    line(page, "<div class=\"many\">");
    for tally in &outcome.tallies {
        figure(page, tally, range);
    }
    line(page, "</div>");
    line(
        page,
        "<p>A dot is a build (a sample of them): horizontal its peak, vertical its first allocation.</p>",
    );
}

fn figure(page: &mut String, tally: &Tally, range: (f64, f64)) {
    let x = Scale::new(Kind::Logarithmic, range, (LEFT, SIDE - 8.0));
    let y = Scale::new(Kind::Logarithmic, range, (BOTTOM, 8.0));
    let name = escaped(&tally.name);
    put(
        page,
        format_args!(
            "<figure><svg viewBox=\"0 0 {SIDE} {SIDE}\" width=\"{SIDE}\" role=\"img\">\
             <title>{name}: given against used</title>\n"
        ),
    );
    let mut last = f64::MIN;
    for value in powers_of_ten(range.0, range.1) {
        let (at_x, at_y) = (x.at(value), y.at(value));
        // Labels that would touch are left out.
        if at_x - last < LABEL {
            continue;
        }
        last = at_x;
        let label = bytes(value);
        put(
            page,
            format_args!(
                "<path class=\"grid\" d=\"M{at_x:.1} 8V{BOTTOM}M{LEFT} {at_y:.1}H{}\"/>\
                 <text x=\"{at_x:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>\n",
                SIDE - 8.0,
                BOTTOM + 15.0,
                LEFT - 4.0,
                at_y + 4.0
            ),
        );
    }
    put(
        page,
        format_args!(
            "<path class=\"edge\" d=\"M{LEFT} {BOTTOM}L{} 8\"/>\n",
            SIDE - 8.0
        ),
    );
    for (class, killed) in [("held", false), ("killed", true)] {
        put(page, format_args!("<path class=\"{class}\" d=\""));
        let dots = tally.dots.iter();
        for dot in dots.filter(|dot| is_killed(dot) == killed) {
            let (at_x, at_y) = (x.at(dot.used), y.at(dot.given));
            put(page, format_args!("M{at_x:.0} {at_y:.0}h0"));
        }
        line(page, "\"/>");
    }
    line(
        page,
        &format!("</svg><figcaption>{name}</figcaption></figure>"),
    );
}

fn is_killed(dot: &Dot) -> bool {
    dot.given < dot.used
}
