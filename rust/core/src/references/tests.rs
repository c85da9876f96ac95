//! Equal values share a handle; other tenants and later times see nothing.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Entry, Handle, ReferenceFault, find, reference_id};
use crate::specs::{Decode, ReferenceSpec};

fn entry(tenant: &str, value: &Value, now: i64) -> Entry {
    let spec = ReferenceSpec::decode(json!({"name": "Rows", "schema": {}, "ttl_ms": 100})).unwrap();
    Entry::new(tenant, &spec, value, json!({"n": 1}), now).unwrap()
}

#[test]
fn equal_values_have_equal_handles_and_key_order_does_not_matter() {
    let one = entry("a", &json!({"x": 1, "y": 2.0}), 0);
    let two = entry("a", &serde_json::from_str(r#"{"y": 2.00, "x": 1}"#).unwrap(), 50);
    assert_eq!(one.handle, two.handle);
    assert_eq!(one.clone().renewed(two).expires_at, 150);
}

#[test]
fn a_number_comes_back_with_the_type_it_had() {
    for text in ["2", "2.0", "1e16", "1e22", "9007199254740993", "9007199254740993.0", "-0.0", "1e-7"] {
        let value: Value = serde_json::from_str(text).unwrap();
        let loaded = entry("a", &value, 0).value();
        assert_eq!((loaded.as_f64(), loaded.is_f64()), (value.as_f64(), value.is_f64()), "{text}");
    }
    assert_ne!(entry("a", &json!(2), 0).handle, entry("a", &json!(2.0), 0).handle);
    assert_eq!(entry("a", &json!(0.0), 0).handle, entry("a", &json!(-0.0), 0).handle);
}

#[test]
fn a_tenant_a_kind_and_a_media_type_each_change_the_id() {
    let id = reference_id("a", "k", "m", b"x");
    for other in [
        reference_id("b", "k", "m", b"x"),
        reference_id("a", "l", "m", b"x"),
        reference_id("a", "k", "n", b"x"),
        reference_id("a", "km", "", b"x"),
    ] {
        assert_ne!(other, id);
    }
}

#[test]
fn unknown_expired_foreign_and_damaged_entries_give_the_same_fault() {
    let stored = entry("a", &json!([1]), 0);
    let mut damaged = stored.clone();
    damaged.body = std::sync::Arc::from(&b"[2]"[..]);
    let missing = ReferenceFault::NotFound { handle: stored.handle.to_string() };
    assert_eq!(find(Some(&stored), "a", &stored.handle, 99), Ok(&stored));
    assert_eq!(find(None, "a", &stored.handle, 0), Err(missing.clone()));
    assert_eq!(find(Some(&stored), "a", &stored.handle, 100), Err(missing.clone()));
    assert_eq!(find(Some(&stored), "b", &stored.handle, 0), Err(missing.clone()));
    assert_eq!(find(Some(&damaged), "a", &stored.handle, 0), Err(missing));
}

#[test]
fn a_handle_is_read_in_each_of_its_forms() {
    let handle = entry("a", &json!([1]), 0).handle;
    let object = json!({"kind": handle.kind, "id": handle.id, "glimpse": {}});
    assert_eq!(Handle::read(&json!(handle.to_string())), Ok(handle.clone()));
    assert_eq!(Handle::read(&object), Ok(handle));
    for bad in [
        json!("Rows"),
        json!("Rows:../x"),
        json!(":0011"),
        json!({"kind": "Rows"}),
        json!(1),
        json!({"kind": "Rows", "id": "A".repeat(32)}),
    ] {
        assert!(Handle::read(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_glimpse_is_small() {
    let spec = ReferenceSpec::decode(json!({"name": "Rows", "schema": {}, "ttl_ms": 1})).unwrap();
    let fault = Entry::new("a", &spec, &json!(1), json!("x".repeat(3000)), 0).unwrap_err();
    assert_eq!(fault.to_string(), "the glimpse of `Rows` has 3002 bytes, more than 2048");
}

proptest! {
    #[test]
    fn what_was_stored_is_loaded(numbers in prop::collection::vec(any::<i64>(), 0..20), text in ".*") {
        let value = json!({"n": numbers, "t": text});
        let stored = entry("a", &value, 0);
        prop_assert_eq!(find(Some(&stored), "a", &stored.handle, 1).unwrap().value(), value);
    }
}
