//! The result as one page that needs nothing else: no scripts, no fonts, no network.
//!
//! Per history: the numbers, waste against failure, what was given against what was used, and which
//! packages waste most. The page is well-formed XML after its first line, so that anything can read
//! it.

mod dots;
mod frontier;
mod packages;
mod scale;
mod table;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::report::{Outcome, Prices};

pub(crate) struct Page<'a> {
    /// What came out, history by history.
    pub(crate) outcomes: &'a [Outcome],
    /// The price of an hour, if given.
    pub(crate) prices: Prices,
    /// The protocol of the contest, as text.
    pub(crate) protocol: String,
}

/// Nothing may be fetched, whatever a history has written into its names.
const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Allocators compared</title>
<style>"#;

impl Page<'_> {
    pub(crate) fn render(&self) -> String {
        let mut page = String::from(HEAD);
        page.push_str(include_str!("html/page.css"));
        page.push_str("</style></head><body>\n<h1>Allocators compared</h1>\n");
        line(&mut page, &format!("<p>{}</p>", escaped(&self.protocol)));
        for outcome in self.outcomes {
            self.history(&mut page, outcome);
        }
        page.push_str("</body></html>\n");
        page
    }

    fn history(&self, page: &mut String, outcome: &Outcome) {
        let jobs = outcome.tallies.first().map_or(0, |tally| tally.score.jobs);
        line(page, "<section>");
        line(page, &format!("<h2>{}</h2>", escaped(&outcome.data)));
        line(
            page,
            &format!(
                "<p>{jobs} builds scored, {} rows refused, {} builds were killed in production.</p>",
                outcome.refused, outcome.killed
            ),
        );
        table::push(page, outcome, self.prices);
        line(page, "<h3>Waste against failure</h3>");
        frontier::push(page, outcome);
        line(page, "<h3>Given against used</h3>");
        dots::push(page, outcome);
        line(page, "<h3>Waste by package</h3>");
        packages::push(page, outcome);
        line(page, "</section>");
    }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Appends formatted text to a page.
fn put(page: &mut String, text: std::fmt::Arguments<'_>) {
    page.write_fmt(text)
        .expect("writing to a String cannot fail");
}

/// A text escaped for use between tags or quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // XML has no way to write them.
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Bytes as text.
fn bytes(amount: f64) -> String {
    for (unit, size) in [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)] {
        if amount >= 0.9995 * size {
            let digits = usize::from(amount < 9.95 * size);
            let number = format!("{:.digits$}", amount / size);
            return format!("{} {unit}", number.trim_end_matches(".0"));
        }
    }
    format!("{amount:.0} B")
}
