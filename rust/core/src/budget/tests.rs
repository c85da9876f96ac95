use serde_json::json;

use super::refusal::decimal;
use super::{Decided, Refusal, Whose};
use crate::specs::Budget;

#[test]
fn millionths_are_written_without_loss() {
    assert_eq!(decimal(2_500_000).to_string(), "2.5");
    assert_eq!(decimal(7_000_000).to_string(), "7");
    assert_eq!(decimal(1).to_string(), "0.000001");
}

#[test]
fn a_narrowed_budget_allows_what_both_allow() {
    let one = Budget { tokens: Some(5), model_calls: Some(9), ..Budget::default() };
    let other = Budget { tokens: Some(7), tool_calls: Some(0), ..Budget::default() };
    let both = Budget { tokens: Some(5), model_calls: Some(9), tool_calls: Some(0), ..Budget::default() };
    assert_eq!(one.narrowed(other), both);
    assert_eq!(other.narrowed(one), both);
    assert!(!Budget::default().limits());
}

#[test]
fn a_refusal_is_read_back_from_its_event() {
    let refusal = Refusal { limit: "cost_usd".to_owned(), value: decimal(1_250_000), scope: Whose::Thread };
    assert_eq!(Refusal::of(&refusal.event()), Some(refusal.clone()));
    assert_eq!(refusal.fault().details(), &json!({"limit": "cost_usd", "value": 1.25, "scope": "thread"}));
}

#[test]
fn a_replay_that_goes_on_decides_itself_where_the_recording_ends() {
    let mut decided = Decided { goes_on: true, ..Decided::default() };
    decided.asked.insert("0".to_owned());
    assert_eq!(decided.says("0"), Some(Ok(())));
    assert_eq!(decided.says("1"), None);
    decided.goes_on = false;
    assert_eq!(decided.says("1"), Some(Ok(())));
}
