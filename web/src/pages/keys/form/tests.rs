//! What becomes of what is typed.

use chrono::TimeDelta;
use understudy_shared::{ApiKeyScope, Role};

use super::DATE;
use super::draft::{days, field_of};
use super::scopes::may_give;

#[test]
fn every_pointer_has_its_field() {
    for (pointer, id) in [
        ("/name", "key-name"),
        ("/scopes/0", "key-scopes"),
        ("/group_ids", "key-groups"),
        ("/expires_at", "key-until"),
        ("/limits/requests_per_minute", "key-requests-per-minute"),
        ("/limits/max_concurrency", "key-max-concurrency"),
    ] {
        assert_eq!(field_of(pointer).as_deref(), Some(id));
    }
    assert_eq!(field_of("/elsewhere"), None);
    assert_eq!(field_of(""), None);
}

#[test]
fn people_give_no_more_than_they_have() {
    for scope in ApiKeyScope::ALL {
        assert!(may_give(Role::Operator, scope));
        assert_eq!(may_give(Role::User, scope), scope == ApiKeyScope::Gateway);
    }
}

#[test]
fn only_numbers_are_days() {
    assert_eq!(days("30"), Some(TimeDelta::days(30)));
    assert_eq!(days("never"), None);
    assert_eq!(days(DATE), None);
}
