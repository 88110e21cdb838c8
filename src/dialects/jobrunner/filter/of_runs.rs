//! The filter of kill requests and logs by their runs.

use std::collections::BTreeSet;

use super::{Filter, KillRequestTest, RunLogTest, Test};

impl Filter<KillRequestTest> {
    /// The runs that are named; none when all are meant.
    pub(crate) fn runs(&self) -> Option<BTreeSet<u64>> {
        named(self.tests.iter().map(|KillRequestTest::Run(test)| test))
    }
}

impl Filter<RunLogTest> {
    /// The runs that are named; none when all are meant.
    pub(crate) fn runs(&self) -> Option<BTreeSet<u64>> {
        named(self.tests.iter().map(|RunLogTest::Run(test)| test))
    }
}

/// What passes all tests. Each of them names what it admits.
fn named<'t>(tests: impl Iterator<Item = &'t Test<i64>>) -> Option<BTreeSet<u64>> {
    let named = tests.map(|test| {
        let numbers: &[i64] = match test {
            Test::Is(number) => std::slice::from_ref(number),
            Test::In(numbers) => numbers,
            _ => &[],
        };
        let numbers = numbers
            .iter()
            .filter_map(|number| u64::try_from(*number).ok());
        numbers.collect::<BTreeSet<u64>>()
    });
    named.reduce(|these, those| &these & &those)
}
