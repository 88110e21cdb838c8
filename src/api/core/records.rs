//! Groups and users.

use domain::core::group::Group;
use domain::core::user::User;

use crate::records::record_routes;

record_routes! {
    groups, Group, GroupFields, ShownGroup, "/v1/groups", "/v1/groups/{id}", "/v1/groups/{id}/history";
    users, User, UserFields, ShownUser, "/v1/users", "/v1/users/{id}", "/v1/users/{id}/history";
}
