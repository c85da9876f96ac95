//! Vectors of RFC 8785 and the laws of the canonical form.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Digest, JsonError, canonical, check_depth, decode, diff, digest, preview, size, truncate};
use crate::effects::PlanMove;

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn again(text: &str) -> String {
    canonical(&parse(text)).unwrap()
}

#[test]
fn numbers_follow_the_vectors_of_the_rfc() {
    let vectors = [
        ("0", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("1e2", "100"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("4.50", "4.5"),
        ("2e-3", "0.002"),
        ("0.000000000000000000000000001", "1e-27"),
        ("333333333.33333329", "333333333.3333333"),
        ("9007199254740993", "9007199254740993"),
        ("-5e-324", "-5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ];
    for (written, expected) in vectors {
        assert_eq!(again(written), expected, "{written}");
    }
}

#[test]
fn keys_are_sorted_by_utf16_code_units() {
    let text = "{\"\u{20ac}\":1,\"\\r\":2,\"\u{fb33}\":3,\"1\":4,\"\u{1f600}\":5,\"\u{80}\":6,\"\u{f6}\":7}";
    let expected = "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"\u{f6}\":7,\"\u{20ac}\":1,\"\u{1f600}\":5,\"\u{fb33}\":3}";
    assert_eq!(again(text), expected);
}

#[test]
fn only_what_must_be_escaped_is_escaped() {
    let text = "\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}";
    let expected = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\"";
    assert_eq!(canonical(&json!(text)).unwrap(), expected);
}

#[test]
fn a_fraction_beyond_a_double_is_refused() {
    let fault = canonical(&parse("1e400")).unwrap_err();
    assert_eq!(fault, JsonError::NumberTooLarge { text: "1e+400".to_owned() });
}

#[test]
fn a_value_that_nests_too_deep_is_refused_everywhere() {
    let deep = (0..200).fold(Value::Null, |inner, _| json!([inner]));
    assert_eq!(canonical(&deep), Err(JsonError::TooDeep { limit: 127 }));
    assert!(check_depth(&deep).is_err());
    assert!(check_depth(&json!([[[]]])).is_ok());
}

#[test]
fn digests_chain_and_key_apart() {
    let plain = Digest::of_bytes(b"x");
    assert_ne!(Digest::chain(&plain, b"x"), Digest::of_bytes(b"x"));
    assert_ne!(Digest::chain(&plain, b"x"), Digest::chain(&Digest::of_bytes(b"y"), b"x"));
    assert_ne!(Digest::keyed(&[1; 32], b"x"), Digest::keyed(&[2; 32], b"x"));
    assert_eq!(plain.to_string().len(), 64);
}

#[test]
fn a_digest_survives_serde_and_refuses_other_texts() {
    let written = serde_json::to_value(digest(&json!(1)).unwrap()).unwrap();
    assert_eq!(serde_json::from_value::<Digest>(written).unwrap(), digest(&json!(1.0)).unwrap());
    assert!(serde_json::from_value::<Digest>(json!("abc")).is_err());
    assert!("A".repeat(64).parse::<Digest>().is_err());
}

#[test]
fn a_diff_names_each_place() {
    let changes = diff(&json!({"a/b": [1, 2], "c": 1}), &json!({"a/b": [1], "c": 1.0, "d": {}}));
    let shown: Vec<_> = changes.iter().map(|change| (change.path.as_str(), change.after.is_some())).collect();
    assert_eq!(shown, [("/a~1b/1", false), ("/d", true)]);
}

#[test]
fn a_preview_counts_what_it_leaves_out() {
    assert_eq!(truncate("abcdef", 3), "abc… (3 more characters)");
    let wide: Map<String, Value> = (0..9).map(|index| (format!("k{index}"), json!(index))).collect();
    assert_eq!(preview(&Value::Object(wide.clone()), 2048).get("omitted_fields"), Some(&json!(4)));
    assert_eq!(preview(&Value::Object(wide), 20), json!({"fields": 9}));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |double| double.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[1-9][0-9]{0,60}".prop_map(|digits| parse(&digits)),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn the_canonical_form_is_a_fixed_point(value in values()) {
        let text = canonical(&value).unwrap();
        prop_assert_eq!(again(&text), text);
    }

    #[test]
    fn the_order_of_keys_does_not_matter(value in values()) {
        let turned = reversed(&value);
        prop_assert_eq!(canonical(&parse(&turned)).unwrap(), canonical(&value).unwrap());
    }

    #[test]
    fn a_value_does_not_differ_from_itself(value in values()) {
        prop_assert!(diff(&value, &parse(&canonical(&value).unwrap())).is_empty());
    }

    #[test]
    fn size_counts_the_compact_form(value in values()) {
        prop_assert_eq!(size(&value), serde_json::to_string(&value).unwrap().len());
    }
}

fn reversed(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let parts: Vec<String> =
                fields.iter().rev().map(|(name, value)| format!("{}:{}", json!(name), reversed(value))).collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(reversed).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[test]
fn tagged_types_take_integers_of_any_length() {
    for digits in ["1", "-1", "18446744073709551615", "18446744073709551616", "-9223372036854775809", "1e400", "0.1"] {
        let step = format!(r#"{{"step":"finish_action","index":3,"result":[{digits},{{"a":{digits}}}]}}"#);
        let step: Value = serde_json::from_str(&step).unwrap();
        let read: PlanMove = decode(step.clone()).unwrap();
        assert_eq!(read.to_json(), step);
    }
}

#[test]
fn what_does_not_fit_a_type_is_refused() {
    for wrong in [json!({"step": "dance"}), json!({"step": "execute"}), json!([]), json!(null)] {
        assert!(decode::<PlanMove>(wrong).is_err());
    }
    assert_eq!(decode::<Option<Vec<u8>>>(json!([1, 2])).unwrap(), Some(vec![1, 2]));
    assert_eq!(decode::<Option<u8>>(json!(null)).unwrap(), None);
    assert!(decode::<crate::approvals::Verdict>(json!({"approve": {}, "reject": {"reason": ""}})).is_err());
    assert!(decode::<crate::approvals::Verdict>(json!({"approve": {"edits": {"a": 1}}})).is_ok());
}
