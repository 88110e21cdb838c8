//! What Prometheus answers.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// One series of an answer. An instant query gives one sample per series.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its labels, with the metric's name as `__name__` where the query kept it.
    pub labels: BTreeMap<String, String>,
    /// Its samples in the order of time; may hold infinities and values that are not a number.
    pub samples: Vec<f64>,
}

impl Series {
    /// A label; an empty one is the same as none, as in Prometheus itself.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        let value = self.labels.get(name)?;
        (!value.is_empty()).then_some(value)
    }
}

/// Not an enum with a tag: reading one would copy the whole answer again.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    pub(super) status: Status,
    pub(super) data: Option<Data>,
    #[serde(rename = "errorType", default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) error: String,
    pub(super) warnings: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Success,
    Error,
}

#[derive(Debug, Deserialize)]
pub(super) struct Data {
    pub(super) result: Vec<Series>,
}

/// A vector's series have `value`, a matrix' have `values`.
#[derive(Deserialize)]
struct WireSeries {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    value: Option<Sample>,
    #[serde(default)]
    values: Vec<Sample>,
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wire = WireSeries::deserialize(deserializer)?;
        let samples = wire.value.into_iter().chain(wire.values);
        Ok(Self {
            labels: wire.metric,
            samples: samples.map(|sample| sample.0).collect(),
        })
    }
}

/// `[1706117046.5, "12.5"]`: the time is known from the question, so only the value is kept.
struct Sample(f64);

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Pair)
    }
}

struct Pair;

impl<'de> Visitor<'de> for Pair {
    type Value = Sample;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time and a value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pair: A) -> Result<Sample, A::Error> {
        let missing = || A::Error::custom("a sample is a time and a value");
        pair.next_element::<f64>()?.ok_or_else(missing)?;
        let Text(value) = pair.next_element()?.ok_or_else(missing)?;
        match pair.next_element::<IgnoredAny>()? {
            Some(_) => Err(missing()),
            None => Ok(Sample(value)),
        }
    }
}

/// A number in quotes, `NaN`, `+Inf` and `-Inf` among them.
struct Text(f64);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number in quotes")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                let number = text.parse();
                number
                    .map(Text)
                    .map_err(|_| E::custom("a value is a number in quotes"))
            }
        }

        deserializer.deserialize_str(Number)
    }
}
