//! Progress bars: on standard error, only on a terminal, unless `--quiet` is given.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::Global;

/// A bar that counts `unit`s up to `total`; without a total it only counts.
pub(super) fn bar(global: &Global, unit: &str, total: Option<u64>) -> ProgressBar {
    if global.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = match total {
        Some(_) => format!(
            "{{spinner}} {{wide_bar}} {{human_pos}}/{{human_len}} {unit} {{per_sec}} {{eta}}"
        ),
        None => format!("{{spinner}} {{human_pos}} {unit} {{per_sec}}"),
    };
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Shows how far a tool is.
pub(super) fn show(bar: &ProgressBar, so_far: ::replay::Progress) {
    if let Some(total) = so_far.total {
        bar.set_length(total);
    }
    bar.set_position(so_far.done);
}
