//! What workers execute: a template with a script in it.

/// A template's body with a job's script in place of its variable: `{{ content|safe }}` as it was
/// typed, `{{ content }}` with the five characters escaped that mean something in HTML. Blanks
/// inside the braces do not matter; other braces stay as they are.
#[must_use]
pub fn script_of(body: &str, content: &str) -> String {
    let mut script = String::with_capacity(body.len() + content.len());
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("{{") {
        let variable = after.split_once("}}").map(|(inside, behind)| {
            let inside: String = inside.split_whitespace().collect();
            (inside, behind)
        });
        script.push_str(before);
        match variable {
            Some((inside, behind)) if inside == "content|safe" => {
                script.push_str(content);
                rest = behind;
            }
            Some((inside, behind)) if inside == "content" => {
                content.chars().for_each(|c| push_escaped(&mut script, c));
                rest = behind;
            }
            _ => {
                script.push_str("{{");
                rest = after;
            }
        }
    }
    script.push_str(rest);
    script
}

fn push_escaped(text: &mut String, c: char) {
    match c {
        '&' => text.push_str("&amp;"),
        '<' => text.push_str("&lt;"),
        '>' => text.push_str("&gt;"),
        '"' => text.push_str("&quot;"),
        '\'' => text.push_str("&#39;"),
        c => text.push(c),
    }
}

#[cfg(test)]
mod tests;
