//! Asks before something is done that cannot be undone.

use std::io::{IsTerminal, Write};

use super::{Exit, Failure};

/// Whether the one at the terminal says yes. Where nobody can be asked, nothing is done.
///
/// # Errors
/// When there is no terminal, so that `--yes` has to be said.
pub(super) fn confirmed(question: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        let text = "say --yes when nobody can be asked";
        return Err(Failure::reply(Exit::Usage, text));
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}
