//! Calls checked against what is allowed of each argument, with the types that functions declare.

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::assign::assign;
use super::declared::{Kind, is_nothing, items, loose, loosened, same};

/// What is allowed: for each argument of each call the values that will do; an empty text says that it may be left out.
#[derive(Clone, Debug, Deserialize)]
pub struct Allowed {
    /// The functions as they are declared.
    pub functions: Vec<Json>,
    /// One call each, `{name: {argument: [values]}}`, in any order.
    pub calls: Vec<Map<String, Json>>,
}

/// Whether calls are allowed, and if not the first reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The reason, where there is one.
    pub fault: Option<String>,
}

impl Verdict {
    /// Whether all is as allowed.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.fault.is_none()
    }
}

/// Checks calls, `{name: {argument: value}}` each, whatever their order.
#[must_use]
pub fn check_calls(allowed: &Allowed, actual: &[Map<String, Json>]) -> Verdict {
    if allowed.calls.len() != actual.len() {
        let message = format!("{} calls where {} are allowed", actual.len(), allowed.calls.len());
        return Verdict { fault: Some(message) };
    }
    let checked: Vec<Vec<Result<(), String>>> = allowed
        .calls
        .iter()
        .map(|wanted| actual.iter().map(|call| check(&allowed.functions, wanted, call)).collect())
        .collect();
    let weights: Vec<Vec<f64>> =
        checked.iter().map(|row| row.iter().map(|each| f64::from(u8::from(each.is_ok()))).collect()).collect();
    let unmatched = assign(&weights).iter().position(Option::is_none);
    let fault = unmatched.and_then(|row| checked.into_iter().nth(row)).map(|row| {
        row.into_iter().find_map(Result::err).unwrap_or_else(|| "another call takes the only one that fits".to_owned())
    });
    Verdict { fault }
}

fn check(functions: &[Json], wanted: &Map<String, Json>, call: &Map<String, Json>) -> Result<(), String> {
    let empty = Map::new();
    let Some((name, allowed)) = wanted.iter().next() else { return Ok(()) };
    let allowed = allowed.as_object().unwrap_or(&empty);
    let given = call.get(name).and_then(Json::as_object).ok_or_else(|| format!("`{name}` is not called"))?;
    let declared = functions.iter().find(|each| each["name"] == name.as_str()).unwrap_or(&Json::Null);
    let parameters = &declared["parameters"];
    let required = parameters["required"].as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(missing) = required.iter().filter_map(Json::as_str).find(|each| !given.contains_key(*each)) {
        return Err(format!("`{missing}` is required and missing"));
    }
    for (argument, value) in given {
        let parameter = parameters["properties"].get(argument);
        let (Some(parameter), Some(values)) = (parameter, allowed.get(argument)) else {
            return Err(format!("`{argument}` is not expected"));
        };
        check_value(argument, parameter, &listed(values), value)?;
    }
    let left_out = allowed
        .iter()
        .find(|(argument, values)| !given.contains_key(*argument) && !listed(values).iter().any(is_nothing));
    left_out.map_or(Ok(()), |(argument, _)| Err(format!("`{argument}` may not be left out")))
}

fn listed(values: &Json) -> Vec<Json> {
    values.as_array().cloned().unwrap_or_else(|| vec![values.clone()])
}

fn check_value(argument: &str, parameter: &Json, allowed: &[Json], value: &Json) -> Result<(), String> {
    let name = parameter["type"].as_str().unwrap_or_default();
    let declared = Kind::named(name);
    let inner =
        matches!(name, "array" | "tuple").then(|| Kind::named(parameter["items"]["type"].as_str().unwrap_or_default()));
    // A whole number will do where a float is declared, as it does in Python.
    let kind = match (declared, Kind::of(value)) {
        (Kind::Float, Kind::Whole) => Kind::Float,
        (_, kind) => kind,
    };
    let of_allowed = Kind::of_allowed(allowed);
    let is_typed = kind == declared && inner.is_none_or(|inner| has_items(value, inner, allowed));
    // A name of a variable may stand for the value itself: then it is compared as it is.
    let is_variable = of_allowed.is_some_and(|of| of != declared) || kind != declared;
    if !is_typed && (kind == declared || Some(kind) != of_allowed) {
        return Err(format!("`{argument}` is no {name}"));
    }
    let fits = if is_variable {
        allowed.iter().any(|each| same(each, value))
    } else {
        is_among(declared, inner, allowed, value)
    };
    if fits { Ok(()) } else { Err(format!("`{argument}` is {value}")) }
}

fn has_items(value: &Json, inner: Kind, allowed: &[Json]) -> bool {
    let given = value.as_array().map(Vec::as_slice).unwrap_or_default();
    allowed.iter().any(|each| {
        each.as_array().is_none_or(|wanted| {
            let of_wanted = Kind::of_allowed(wanted);
            given.iter().map(Kind::of).all(|kind| kind == inner || Some(kind) == of_wanted)
        })
    })
}

fn is_among(declared: Kind, inner: Option<Kind>, allowed: &[Json], value: &Json) -> bool {
    match (declared, value) {
        (Kind::Fields, Json::Object(fields)) => allowed.iter().any(|each| has_fields(each, fields)),
        (Kind::List, Json::Array(given)) if inner == Some(Kind::Fields) => {
            allowed.iter().any(|each| has_all_fields(each, given))
        }
        (Kind::Text, Json::String(text)) => {
            allowed.iter().filter_map(Json::as_str).any(|each| loose(each) == loose(text))
        }
        (Kind::List, Json::Array(_)) => {
            let given = Json::Array(items(value).unwrap_or_default());
            allowed.iter().filter_map(items).any(|each| same(&Json::Array(each), &given))
        }
        _ => allowed.iter().any(|each| same(each, value)),
    }
}

fn has_all_fields(wanted: &Json, given: &[Json]) -> bool {
    let wanted: &[Json] = match wanted {
        Json::Array(wanted) => wanted,
        other if is_nothing(other) => &[],
        _ => return false,
    };
    wanted.len() == given.len()
        && wanted
            .iter()
            .zip(given)
            .all(|(wanted, given)| given.as_object().is_some_and(|given| has_fields(wanted, given)))
}

fn has_fields(wanted: &Json, given: &Map<String, Json>) -> bool {
    let Some(wanted) = wanted.as_object() else { return false };
    let is_right = |key: &String, value: &Json| {
        wanted
            .get(key)
            .is_some_and(|several| listed(several).iter().any(|each| same(&loosened(each), &loosened(value))))
    };
    let is_whole =
        wanted.iter().all(|(key, several)| given.contains_key(key) || listed(several).iter().any(is_nothing));
    is_whole && given.iter().all(|(key, value)| is_right(key, value))
}
