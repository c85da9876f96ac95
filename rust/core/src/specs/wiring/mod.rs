//! Wiring: whether the parts of a runtime fit together, checked all at once.

mod added;
mod names;
mod plans;
mod policies;
mod report;
mod routes;
mod tools;

pub use added::check_added;
pub use report::{Wiring, WiringFault};

use super::runtime::RuntimeSpec;

/// Checks a runtime and reports everything that is wrong with it.
///
/// Nothing stops at the first fault, so that one round of corrections is enough.
///
/// # Examples
///
/// ```
/// use flowai_core::specs::{Decode, RuntimeSpec, check};
/// use serde_json::json;
///
/// let spec = RuntimeSpec::decode(json!({"tenant": {"id": "acme"}, "agents": [
///     {"role": "coordinator", "name": "front", "model": "m", "routes": ["greter"]},
///     {"role": "specialist", "name": "greeter", "model": "m"}]}))?;
/// let wiring = check(&spec);
/// assert_eq!(wiring.faults[0].message, "unknown agent `greter` in routes of `front`");
/// assert_eq!(wiring.faults[0].hint, "did you mean `greeter`?");
/// # Ok::<(), flowai_core::specs::DecodeError>(())
/// ```
#[must_use]
pub fn check(spec: &RuntimeSpec) -> Wiring {
    let mut wiring = Wiring::default();
    names::check(spec, &mut wiring);
    routes::check(spec, &mut wiring);
    tools::check(spec, &mut wiring);
    plans::check(spec, &mut wiring);
    policies::check(spec, &mut wiring);
    wiring
}
