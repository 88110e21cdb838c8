//! The parameters of a query, decoded as an HTML form is.

use web::quoted;

use crate::refusal::{Refusal, Reply};

/// The most parameters that are looked at.
const PARAMETERS_MAX: usize = 256;

/// The parameters of a query in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parameters(Vec<Parameter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    name: String,
    value: String,
    raw: String,
}

impl Parameters {
    /// Reads a query.
    ///
    /// # Errors
    /// 400 when it is not text, or too much of it.
    pub(crate) fn read(query: &str) -> Reply<Self> {
        let pairs: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        if pairs.len() > PARAMETERS_MAX {
            let what = format!("has more than {PARAMETERS_MAX} parameters");
            return Err(Refusal::about("query", what));
        }
        let parameter = |raw: &str| {
            let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
            let text = |quoted| {
                unquote(quoted).ok_or_else(|| Refusal::about("query", "a parameter is not UTF-8"))
            };
            Ok(Parameter {
                name: text(name)?,
                value: text(value)?,
                raw: raw.to_owned(),
            })
        };
        pairs
            .into_iter()
            .map(parameter)
            .collect::<Reply<Vec<_>>>()
            .map(Self)
    }

    /// The value of a parameter; of one that is given several times, the last.
    pub(crate) fn last(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().rev().filter(|known| known.name == name);
        found.next().map(|known| known.value.as_str())
    }

    /// Each name once, with the last of its values.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(place, known)| {
                let later = &self.0[place + 1..];
                later.iter().all(|other| other.name != known.name)
            })
            .map(|(_, known)| (known.name.as_str(), known.value.as_str()))
    }

    /// Everything but these, as it was sent.
    pub(crate) fn without<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(|known| !names.contains(&known.name.as_str()))
            .map(|known| known.raw.as_str())
    }
}

/// Undoes the quoting of a form, in which `+` is a blank.
fn unquote(quoted: &str) -> Option<String> {
    String::from_utf8(quoted::unquote(quoted, b' ').into_owned()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_kept_as_they_were_sent() {
        let read = Parameters::read("a=1&b=x+y%26%2B&a=2&&c&d=%zz%4&%61=3").unwrap();
        for (name, value) in [
            ("a", Some("3")),
            ("b", Some("x y&+")),
            ("c", Some("")),
            ("d", Some("%zz%4")),
            ("e", None),
        ] {
            assert_eq!(read.last(name), value, "{name}");
        }
        let conditions: Vec<_> = read.conditions().collect();
        let expected = [("b", "x y&+"), ("c", ""), ("d", "%zz%4"), ("a", "3")];
        assert_eq!(conditions, expected);
        let kept: Vec<_> = read.without(&["a", "d"]).collect();
        assert_eq!(kept, ["b=x+y%26%2B", "c"]);
    }

    #[test]
    fn a_query_that_is_no_text_or_too_much_of_it_is_refused() {
        for query in ["a=%ff", "%c3=1", &"a&".repeat(PARAMETERS_MAX + 1)] {
            assert!(matches!(Parameters::read(query), Err(Refusal::Bad(_))));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_query_breaks_the_reader(query in ".{0,200}") {
            let _ = Parameters::read(&query);
        }
    }
}
