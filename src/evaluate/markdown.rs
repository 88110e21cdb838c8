//! The result as a table of Markdown.

use allocation::evaluation::description;

use super::Outcome;

/// One row for each allocator, and four columns for each of these histories.
pub(crate) fn table(outcomes: &[&Outcome]) -> String {
    let mut text = String::from("| allocator | |");
    for outcome in outcomes {
        let data = cell(&outcome.data);
        text += &format!(" {data}: waste / used | killed | CPU used | CPU throttled |");
    }
    text += "\n|---|---|";
    text += &"---|---|---|---|".repeat(outcomes.len());
    text.push('\n');
    let allocators = outcomes.first().map_or(0, |first| first.tallies.len());
    for allocator in 0..allocators {
        let name = &outcomes[0].tallies[allocator].name;
        text += &format!("| `{name}` | {} |", description(name));
        for outcome in outcomes {
            let score = &outcome.tallies[allocator].score;
            text += &format!(
                " {:.3} | {:.2} % | {:.2} | {:.3} |",
                score.waste_per_use(),
                100.0 * score.failed_share(),
                score.cpu.utilisation(),
                score.cpu.throttled_share(),
            );
        }
        text.push('\n');
    }
    text
}

/// A text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::testing::{build, outcome};

    #[test]
    fn every_allocator_has_a_row_and_every_history_four_columns() {
        let history = [build("emacs", 8e9)];
        let names = ["preset", "ladder-std"];
        let one = outcome("one", &names, &history);
        let other = outcome("an|other", &names, &history);
        let text = table(&[&one, &other]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + names.len());
        for line in &lines {
            let ends = line.replace("\\|", "").matches('|').count();
            assert_eq!(ends, 3 + 8, "{line}");
        }
        // 16 GB without a preset.
        assert!(
            lines[2].starts_with("| `preset` | set by hand | 1.000 | 0.00 % |"),
            "{text}"
        );
    }
}
