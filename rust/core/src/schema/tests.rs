//! Unions are told apart by their tag, and nothing is fetched.

use serde_json::{Value, json};

use super::Validator;

fn union() -> Validator {
    let variant = |kind: &str, field: &str| {
        json!({"type": "object", "additionalProperties": false, "required": ["kind", field],
            "properties": {"kind": {"const": kind, "type": "string"}, field: {"type": "number"}}})
    };
    Validator::new(&json!({"type": "array", "items": {"oneOf": [{"$ref": "#/$defs/Price"}, {"$ref": "#/$defs/Promo"}]},
        "$defs": {"Price": variant("price_change", "new_price"), "Promo": variant("promotion_launch", "discount")}}))
    .unwrap()
}

fn path(value: &Value) -> Option<String> {
    union().validate(value).err().map(|faults| faults[0].path.clone())
}

#[test]
fn a_tagged_union_takes_each_variant_under_its_own_tag() {
    assert_eq!(
        path(&json!([{"kind": "price_change", "new_price": 9.5}, {"kind": "promotion_launch", "discount": 1}])),
        None
    );
}

#[test]
fn a_wrong_missing_or_foreign_tag_is_refused() {
    for wrong in [
        json!({"kind": "promotion_launch", "new_price": 9.5}),
        json!({"new_price": 9.5}),
        json!({"kind": "other", "new_price": 1}),
    ] {
        assert_eq!(path(&json!([wrong])), Some("/0".to_owned()));
    }
}

#[test]
fn a_schema_that_points_outside_itself_is_refused() {
    for target in ["https://example.com/schema.json", "file:///etc/passwd", "other.json"] {
        assert!(Validator::new(&json!({ "$ref": target })).is_err(), "{target}");
    }
}

#[test]
fn a_schema_that_is_none_is_refused() {
    assert!(Validator::new(&json!({"type": "objekt"})).is_err());
    assert!(Validator::new(&json!({"properties": 1})).is_err());
}

#[test]
fn big_integers_are_integers() {
    let big: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    let validator = Validator::new(&json!({"type": "integer", "minimum": 1})).unwrap();
    assert_eq!(validator.validate(&big), Ok(()));
    assert!(validator.validate(&json!(1.5)).is_err());
}

#[test]
fn long_messages_and_lists_are_cut() {
    let validator = Validator::new(&json!({"items": {"type": "integer"}})).unwrap();
    let faults = validator.validate(&json!(vec!["x".repeat(5000); 100])).unwrap_err();
    assert_eq!(faults.len(), 20);
    assert!(faults[0].message.chars().count() < 400);
}
