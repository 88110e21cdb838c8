use std::sync::Arc;

use proptest::prelude::*;
use tables::MemoryTables;

use super::{digests, engine, engine_with};
use crate::testing::{any_story, block_on, config, memory_log, tell_all};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the log was cut into pages and commits, and whether a view was made live or rebuilt.
    #[test]
    fn the_same_log_gives_the_same_bytes(story in any_story(), page_events in 1_usize..40) {
        block_on(async {
            let log = Arc::new(memory_log());
            let live_tables = Arc::new(MemoryTables::new());
            let live = engine(&log, &live_tables).await;
            for event in story {
                tell_all(&*log, [event]).await;
                live.catch_up().await.unwrap();
            }
            let expected = digests(&live);

            let tables = Arc::new(MemoryTables::new());
            let at_once = engine_with(&log, &tables, config().pages_of(page_events)).await;
            at_once.catch_up().await.unwrap();
            prop_assert_eq!(&digests(&at_once), &expected);

            for slot in &live.slots {
                live.rebuild(slot, |_| {}).await.unwrap();
            }
            prop_assert_eq!(&digests(&live), &expected);
            Ok(())
        })?;
    }

    /// A crash at any moment: what was not committed is folded again, and nothing twice.
    #[test]
    fn a_crash_between_fold_and_commit_changes_no_byte(
        story in any_story(),
        crashes in prop::collection::vec((1_usize..9, any::<bool>(), any::<bool>()), 1..6),
    ) {
        block_on(async {
            let log = Arc::new(memory_log());
            tell_all(&*log, story).await;
            let tables = Arc::new(MemoryTables::new());
            for (steps, commits, everything) in crashes {
                // Another size of pages, so that checkpoints lie within the pages of the next one.
                let page_events = steps;
                let doomed = engine_with(&log, &tables, config().pages_of(page_events)).await;
                for _ in 0..steps {
                    doomed.step().await.unwrap();
                }
                if commits {
                    doomed.commit(everything).unwrap();
                    doomed.step().await.unwrap();
                }
            }
            let survivor = engine(&log, &tables).await;
            survivor.catch_up().await.unwrap();

            let untroubled = engine(&log, &Arc::new(MemoryTables::new())).await;
            untroubled.catch_up().await.unwrap();
            prop_assert_eq!(digests(&survivor), digests(&untroubled));
            Ok(())
        })?;
    }
}

#[test]
fn another_event_gives_other_bytes() {
    block_on(async {
        let log = Arc::new(memory_log());
        let one = engine(&log, &Arc::new(MemoryTables::new())).await;
        let before = digests(&one);
        tell_all(&*log, crate::testing::every_kind_of_event()).await;
        one.catch_up().await.unwrap();
        for (before, after) in before.iter().zip(digests(&one)) {
            assert_ne!(*before, after, "{} says nothing of any event", after.0);
        }
    });
}
