//! Writing queries: names of pods come from outside and may hold anything.

/// `metric{name="value", …}` with every value quoted.
#[must_use]
pub fn selector(metric: &str, labels: &[(&str, &str)]) -> String {
    let mut query = format!("{metric}{{");
    for (index, (name, value)) in labels.iter().enumerate() {
        if index > 0 {
            query.push_str(", ");
        }
        query.push_str(name);
        query.push('=');
        query.push_str(&double_quoted(value));
    }
    query.push('}');
    query
}

/// A text as a PromQL string in double quotes.
#[must_use]
pub fn double_quoted(text: &str) -> String {
    quoted(text, '"')
}

/// A text as a PromQL string in single quotes.
#[must_use]
pub fn single_quoted(text: &str) -> String {
    quoted(text, '\'')
}

/// Only the quote in use may be escaped: PromQL refuses `\"` between single quotes.
fn quoted(text: &str, quote: char) -> String {
    let mut query = String::with_capacity(text.len() + 2);
    query.push(quote);
    for c in text.chars() {
        match c {
            '\\' => query.push_str("\\\\"),
            '\n' => query.push_str("\\n"),
            c if c == quote => {
                query.push('\\');
                query.push(c);
            }
            c => query.push(c),
        }
    }
    query.push(quote);
    query
}
