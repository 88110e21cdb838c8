//! Asks for confirmation of what cannot be undone.

use std::io::{IsTerminal, Write};

use super::{Exit, Failure};

/// Whether the user at the terminal confirms. Without a terminal nothing is done.
///
/// # Errors
/// When there is no terminal, so that `--yes` is needed.
pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let text = "no terminal to confirm on: add --yes";
        return Err(Failure::message(Exit::Usage, text));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
