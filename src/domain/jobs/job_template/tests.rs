use super::*;
use crate::LongText;
use crate::testing::given;
use crate::testing::stories::at;

#[test]
fn a_long_body_has_to_be_stored_elsewhere() {
    use JobTemplateCommand as C;

    let body = LongText::Inline("x".repeat(LongText::INLINE_BYTES_MAX + 1));
    let long = Created {
        body: body.clone(),
        ..Created::blank(1, at(0))
    };
    let edit = Edited {
        body: Some(body),
        ..Edited::nothing(at(1))
    };
    given::<JobTemplate>([])
        .when(C::Create(long))
        .then_refuses(JobTemplateRejection::BodyTooLong);
    let created = JobTemplateEvent::Created(Created::blank(1, at(0)));
    given::<JobTemplate>([created])
        .when(C::Edit(edit))
        .then_refuses(JobTemplateRejection::BodyTooLong);
}
