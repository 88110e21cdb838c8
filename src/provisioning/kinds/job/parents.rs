//! The order of jobs in a document.

use std::collections::BTreeMap;

use crate::{DocumentFields, Item, JobFields, Reference};

/// Puts parents before their children, as far as both are in the document and are named.
pub(crate) fn parents_first(jobs: &mut Vec<Item<JobFields>>) {
    let mut by_title: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        by_title
            .entry(job.wanted.name().unwrap_or_default())
            .or_default()
            .push(index);
    }
    let parents = |index: usize| -> Vec<usize> {
        let Some(Some(Reference::Called(name))) = &jobs[index].wanted.parent else {
            return Vec::new();
        };
        let ends = name.match_indices('/').map(|(at, _)| &name[at + 1..]);
        let titles = std::iter::once(name.as_str()).chain(ends);
        titles
            .filter_map(|title| by_title.get(title))
            .flatten()
            .copied()
            .collect()
    };
    let mut order = Vec::with_capacity(jobs.len());
    let mut seen = vec![false; jobs.len()];
    // Without recursion: a document may have ten thousand jobs, each after the other.
    for first in 0..jobs.len() {
        let mut open = vec![(first, false)];
        while let Some((index, done)) = open.pop() {
            if done {
                order.push(index);
            } else if !std::mem::replace(&mut seen[index], true) {
                open.push((index, true));
                open.extend(parents(index).into_iter().map(|parent| (parent, false)));
            }
        }
    }
    let mut taken: Vec<Option<Item<JobFields>>> = jobs.drain(..).map(Some).collect();
    *jobs = order
        .into_iter()
        .filter_map(|index| taken[index].take())
        .collect();
}
