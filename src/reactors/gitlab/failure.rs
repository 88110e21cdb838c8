//! The runner's own last line about a failed job.

/// How much of one line is looked at, in bytes; the runner's own are short.
const LINE_BYTES_MAX: usize = 4096;

/// How the runner begins the line that ends the log of a job that failed.
const FAILED: &str = "ERROR: Job failed";

/// Reads a log in pieces and remembers the end of the runner's last line about the failure. Lines
/// about exit codes that a script or test prints do not count.
#[derive(Clone, Debug, Default)]
pub struct LastFailure {
    line: Vec<u8>,
    exit_code: Option<u32>,
}

impl LastFailure {
    /// Takes the next piece.
    pub fn feed(&mut self, mut piece: &[u8]) {
        // The runner puts its colours and the marks of its sections before a carriage return.
        while let Some(end) = piece.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.take(&piece[..end]);
            self.end_line();
            piece = &piece[end + 1..];
        }
        self.take(piece);
    }

    /// The exit code of the job, if the runner's last line about it names one.
    #[must_use]
    pub fn exit_code(mut self) -> Option<u32> {
        self.end_line();
        self.exit_code
    }

    fn take(&mut self, part: &[u8]) {
        let free = LINE_BYTES_MAX.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(free)]);
    }

    fn end_line(&mut self) {
        let line = String::from_utf8_lossy(&self.line);
        if let Some(rest) = without_time(&without_colours(&line)).strip_prefix(FAILED) {
            self.exit_code = exit_code(rest);
        }
        self.line.clear();
    }
}

/// Leaves out `ESC [ … letter`.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        if chars.next() == Some('[') {
            // The first letter ends it; parameters are digits and punctuation.
            let _ = chars.find(|c| matches!(c, '@'..='~'));
        }
    }
    plain
}

/// Leaves out what newer instances write before a line: `2026-11-21T09:14:02.318000Z 00O `.
fn without_time(line: &str) -> &str {
    let line = line.trim();
    let time = line.split_once(' ').filter(|(time, _)| {
        time.len() > 20 && time.ends_with('Z') && time.starts_with(|c: char| c.is_ascii_digit())
    });
    let stream = time.and_then(|(_, rest)| rest.get(..3).zip(rest.get(3..)));
    match stream {
        Some((stream, rest)) if stream.ends_with(['O', 'E']) => rest.trim_start_matches([' ', '+']),
        _ => line,
    }
}

/// The number in `: … exit code N` or `: … exit status N`, and nothing when the runner names
/// another cause, as in ` (system failure): …`.
fn exit_code(rest: &str) -> Option<u32> {
    let cause = rest.strip_prefix(':')?;
    let after = ["exit code ", "exit status "]
        .into_iter()
        .find_map(|words| cause.rsplit_once(words))
        .map(|(_, after)| after)?;
    let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, tail) = after.split_at(digits);
    let is_whole = !tail
        .trim_end_matches('.')
        .starts_with(|c: char| c.is_alphanumeric() || c == '.');
    number.parse().ok().filter(|_| is_whole)
}

#[cfg(test)]
mod tests;
