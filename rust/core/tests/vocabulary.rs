//! The vocabulary: what Python writes, Rust reads, and writes back the same.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a failing test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use flowai_core::events::Event;
use flowai_core::specs::{
    AddedPolicy, AgentSpec, Budget, Decode, PlanSpec, ReferenceSpec, RuntimeSpec, TenantSpec, ToolSpec,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

#[expect(clippy::disallowed_methods, reason = "the samples are files that Python writes")]
fn samples(folder: &str) -> Vec<(String, Json)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vocabulary").join(folder);
    let mut samples: Vec<(String, Json)> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())
        })
        .collect();
    samples.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert!(!samples.is_empty(), "no samples in `{folder}`");
    samples
}

fn same<T: Serialize + DeserializeOwned>(name: &str, sample: &Json) {
    let read: T = serde_json::from_value(sample.clone()).unwrap_or_else(|error| panic!("`{name}`: {error}"));
    assert_eq!(serde_json::to_value(read).unwrap(), *sample, "`{name}` is not written as it was read");
}

fn decoded<T: Decode + Serialize>(name: &str, sample: &Json) {
    let read = T::decode(sample.clone()).unwrap_or_else(|error| panic!("`{name}`: {error}"));
    assert_eq!(serde_json::to_value(read).unwrap(), *sample, "`{name}` is not written as it was read");
}

#[test]
fn every_event_of_python_is_an_event_of_rust() {
    for (name, sample) in samples("events") {
        same::<Event>(&name, &sample);
        assert_eq!(sample["type"], name);
    }
}

#[test]
fn every_event_of_rust_has_a_sample() {
    let written = include_str!("../src/events/body.rs");
    let (_, variants) = written.split_once("pub enum EventBody {").unwrap();
    let variants = variants.lines().filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let names: BTreeSet<String> = variants
        .filter_map(|line| line.trim().split([' ', '{']).next())
        .filter(|name| name.starts_with(char::is_uppercase))
        .map(snake)
        .collect();
    let sampled: BTreeSet<String> = samples("events").into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, sampled);
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

#[test]
fn every_spec_of_python_is_a_spec_of_rust() {
    let mut read = 0;
    for (name, sample) in samples("specs") {
        match name.as_str() {
            "coordinator" | "planner" | "executor" | "specialist" => decoded::<AgentSpec>(&name, &sample),
            "tool" | "tool_with_references" => decoded::<ToolSpec>(&name, &sample),
            "plan" => decoded::<PlanSpec>(&name, &sample),
            "reference" => decoded::<ReferenceSpec>(&name, &sample),
            "runtime" => decoded::<RuntimeSpec>(&name, &sample),
            "added_policy" => same::<AddedPolicy>(&name, &sample),
            "budget" => same::<Budget>(&name, &sample),
            "tenant" => same::<TenantSpec>(&name, &sample),
            _ => continue,
        }
        read += 1;
    }
    assert!(read >= 9, "the samples were renamed");
}

#[test]
fn every_decision_of_python_can_be_read() {
    for (name, sample) in samples("specs") {
        if ["approve", "reject", "happened", "run_again", "failed"].contains(&name.as_str()) {
            flowai_core::session::read_decision(&sample, None, 0).unwrap_or_else(|fault| panic!("`{name}`: {fault}"));
        }
    }
}

#[test]
fn every_effect_of_python_has_a_name_in_rust() {
    let known = [
        "AdvancePlan",
        "AwaitApproval",
        "CallAgent",
        "CallModel",
        "CallTool",
        "DrawId",
        "DrawNumber",
        "LoadPlan",
        "LoadRef",
        "ReadClock",
        "Sleep",
        "StorePlan",
        "StoreRef",
    ];
    let kinds = samples("effects").into_iter().map(|(_, sample)| sample["kind"].as_str().unwrap().to_owned());
    assert_eq!(kinds.collect::<BTreeSet<_>>(), known.map(str::to_owned).into());
}
