//! The numbers.

use super::{Outcome, Prices, escaped, line, put};

pub(super) fn push(page: &mut String, outcome: &Outcome, prices: Prices) {
    let priced = prices != Prices::default();
    line(page, "<div class=\"wide\"><table>");
    page.push_str("<tr>");
    for heading in [
        "allocator",
        "waste / used",
        "fail %",
        "attempts",
        "MAQ",
        "CPU used",
        "CPU throttled",
        "CPU cost",
        "waste GB·h",
    ] {
        put(page, format_args!("<th>{heading}</th>"));
    }
    if priced {
        page.push_str("<th>money</th><th>wasted</th>");
    }
    line(page, "</tr>");
    for row in outcome.rows(prices) {
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td>{:.3}</td><td>{:.2}</td><td>{:.3}</td><td>{:.3}</td><td>{:.3}</td>\
                 <td>{:.3}</td><td>{:.3}</td><td>{:.1}</td>",
                escaped(&row.allocator),
                row.waste_per_used,
                row.fail_percent,
                row.attempts,
                row.maq,
                row.cpu_utilisation,
                row.cpu_throttled,
                row.cpu_cost,
                row.waste_gb_hours,
            ),
        );
        for money in [row.money, row.money_wasted].into_iter().flatten() {
            put(page, format_args!("<td>{money:.2}</td>"));
        }
        line(page, "</tr>");
    }
    line(page, "</table></div>");
}
