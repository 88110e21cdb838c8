//! The packages that waste most, with one allocator and, for comparison, another.

use allocation::evaluation::Score;

use super::{Outcome, escaped, line, put};
use crate::evaluate::tally::Tally;

/// How many packages are shown.
const PACKAGES_MAX: usize = 20;

/// Whose waste is drawn, if it takes part; else that of the first.
const DRAWN: &str = "ladder-std";
/// The allocator whose waste is marked, if it takes part; else the first other.
const MARKED: &str = "gantry-limit";

const LEFT: f64 = 190.0;
const WIDTH: f64 = 720.0;
const ROW: f64 = 20.0;
const GB: f64 = 1e9;

pub(super) fn push(page: &mut String, outcome: &Outcome) {
    let named = |name: &str| outcome.tallies.iter().find(|tally| tally.name == name);
    let Some(drawn) = named(DRAWN).or(outcome.tallies.first()) else {
        return;
    };
    let other = || outcome.tallies.iter().find(|it| it.name != drawn.name);
    let marked = named(MARKED)
        .filter(|it| it.name != drawn.name)
        .or_else(other);
    let mut packages: Vec<(&str, &Score)> = drawn
        .packages
        .iter()
        .map(|(name, score)| (name.as_str(), score))
        .collect();
    packages.sort_by(|a, b| b.1.memory_wasted.total_cmp(&a.1.memory_wasted));
    let rest = packages.split_off(packages.len().min(PACKAGES_MAX));
    figure(page, &packages, marked);
    caption(page, drawn, marked, &rest);
}

fn figure(page: &mut String, packages: &[(&str, &Score)], marked: Option<&Tally>) {
    let waste_of_marked = |package: &str| {
        let score = marked?.packages.get(package)?;
        Some(score.memory_wasted)
    };
    let most = packages
        .iter()
        .flat_map(|(name, score)| [Some(score.memory_wasted), waste_of_marked(name)])
        .flatten()
        .fold(f64::MIN_POSITIVE, f64::max);
    // Space for the label behind the longest bar.
    let length = |wasted: f64| wasted / most * (WIDTH - LEFT - 170.0);
    let height = ROW * packages.len() as f64 + 4.0;
    put(
        page,
        format_args!(
            "<figure><svg viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\">\
             <title>Waste by package</title>\n"
        ),
    );
    for ((name, score), row) in packages.iter().zip(0_u32..) {
        let top = ROW * f64::from(row);
        let (text, wasted) = (top + 14.0, length(score.memory_wasted));
        let mut end = LEFT + wasted;
        put(
            page,
            format_args!(
                "<text class=\"name\" x=\"{}\" y=\"{text}\" text-anchor=\"end\">{}</text>\
                 <rect class=\"bar\" x=\"{LEFT}\" y=\"{}\" width=\"{wasted:.1}\" height=\"{}\"/>",
                LEFT - 8.0,
                escaped(&shortened(name)),
                top + 3.0,
                ROW - 6.0,
            ),
        );
        if let Some(other) = waste_of_marked(name) {
            let at = LEFT + length(other);
            end = end.max(at);
            put(
                page,
                format_args!(
                    "<path class=\"mark\" d=\"M{at:.1} {:.1}v{}\"/>",
                    top + 1.0,
                    ROW - 2.0
                ),
            );
        }
        put(
            page,
            format_args!(
                "<text x=\"{:.1}\" y=\"{text}\">{:.3} GB·h, {:.2} per used</text>\n",
                end + 6.0,
                score.memory_wasted / GB,
                score.waste_per_use()
            ),
        );
    }
    line(page, "</svg>");
}

fn caption(page: &mut String, drawn: &Tally, marked: Option<&Tally>, rest: &[(&str, &Score)]) {
    let mut words = format!("Bars: {}.", escaped(&drawn.name));
    if let Some(marked) = marked {
        words += &format!(" Marks: {}.", escaped(&marked.name));
    }
    if !rest.is_empty() {
        let wasted: f64 = rest.iter().map(|(_, score)| score.memory_wasted).sum();
        words += &format!(
            " {} more packages waste {:.3} GB·h together.",
            rest.len(),
            wasted / GB
        );
    }
    line(page, &format!("<figcaption>{words}</figcaption></figure>"));
}

fn shortened(name: &str) -> String {
    const LETTERS_MAX: usize = 28;
    if name.chars().count() <= LETTERS_MAX {
        return name.to_owned();
    }
    let start: String = name.chars().take(LETTERS_MAX - 1).collect();
    format!("{start}…")
}
