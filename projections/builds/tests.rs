use crate::builds::BuildFilter;
use crate::collections::CollectionState;
use crate::testing::{House, PATIENCE, key, reported, tell, used};
use crate::{Behind, Cursor};
use eventlog::Position;

#[tokio::test]
async fn what_was_reported_is_read_back_at_once() {
    let house = House::new();
    house.tell_of_build(1, reported(1, "running")).await;
    house.tell_of_build(1, reported(1, "success")).await;
    house.tell_of_build(1, used(1, "zlib")).await;

    let row = house.views.builds().get(&key(1)).unwrap().unwrap();
    assert_eq!(row.status, "success");
    assert_eq!(row.duration_seconds(), Some(5.0));
    assert_eq!(row.queued_seconds(), Some(3.0));
    assert_eq!(row.usage.unwrap().package, "zlib");
    assert_eq!(row.collection.unwrap().state.as_str(), "recorded");
}

#[tokio::test]
async fn a_list_is_narrowed_by_any_field() {
    let house = House::new();
    for number in 1..=9 {
        house
            .tell_of_build(number, reported(number, "success"))
            .await;
        if number % 2 == 0 {
            house.tell_of_build(number, used(number, "zlib")).await;
        }
    }
    let builds = house.views.builds();
    let numbers = |filter: BuildFilter| -> Vec<i64> {
        let page = builds.list(&filter, &Cursor::start(), 100).unwrap();
        page.rows.iter().map(|row| row.key.number()).collect()
    };
    let package = Some("zlib".to_owned());
    let of_package = BuildFilter {
        package: package.clone(),
        ..BuildFilter::default()
    };
    assert_eq!(numbers(of_package), [8, 6, 4, 2]);
    let collection = Some(CollectionState::Queued.as_str().to_owned());
    let queued = BuildFilter {
        collection: collection.clone(),
        ..BuildFilter::default()
    };
    assert_eq!(numbers(queued), [9, 7, 5, 3, 1]);
    let both = BuildFilter {
        package,
        collection,
        ..BuildFilter::default()
    };
    assert_eq!(numbers(both), [0i64; 0]);
}

#[tokio::test]
async fn who_waits_for_what_never_comes_is_told_where_the_views_are() {
    let house = House::new();
    let last = tell(&*house.log, "build-default:1", reported(1, "running")).await;
    house.views.wait_for(last, PATIENCE).await.unwrap();
    let wanted = Position(last.0 + 1);
    let behind = house
        .views
        .wait_for(wanted, std::time::Duration::from_millis(1))
        .await;
    assert_eq!(
        behind,
        Err(Behind {
            position: last,
            wanted
        })
    );
}
