use crate::testing::{House, reported, used};

#[tokio::test]
async fn every_event_is_counted_once_by_type_and_hour() {
    let house = House::new();
    for number in 1..=5 {
        house
            .tell_of_build(number, reported(number, "success"))
            .await;
    }
    house.tell_of_build(1, used(1, "zlib")).await;
    let types = house.views.pulse().types().unwrap();
    let types: Vec<_> = types
        .iter()
        .map(|of| (of.event_type.as_str(), of.count))
        .collect();
    assert_eq!(types, [("build.reported", 5), ("build.usage_recorded", 1)]);
    let hours = house.views.pulse().hours(10).unwrap();
    assert_eq!(hours.len(), 1);
    assert_eq!((hours[0].counts.events, hours[0].counts.succeeded), (6, 5));
    let began = hours[0].begins_at.as_second();
    assert_eq!((began % 3600, began / 3600), (0, 1_700_000_000 / 3600));
}
