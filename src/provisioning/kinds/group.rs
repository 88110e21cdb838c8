//! Groups of users in documents and answers.

use domain::core::group::{Created, Group};

use crate::kind::{fields, kind, shown};
use crate::plan::{Plan, Step};
use crate::{Item, Kind};

fields! {
    GroupFields of Created: "groups", called name {
        /// What people call it; no two have the same.
        #[schema(required, nullable = false, min_length = 1, max_length = 255, example = "Group 1")]
        name: String = title() => name,
    }
}

shown! {
    ShownGroup as Group of Created, |group, look| {
        /// What people call it.
        name: String = group.name.clone(),
    }
}

impl Kind for Group {
    kind!(GroupFields, ShownGroup, groups);

    fn name(facts: &Created) -> &str {
        &facts.name
    }

    async fn make(plan: &mut Plan<'_>, item: &Item<GroupFields>) -> Step<()> {
        let settled = plan.change::<Self>(item, Created::blank, |_| ()).await?;
        plan.report(settled);
        Ok(())
    }
}
