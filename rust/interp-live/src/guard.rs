//! The guard of tests: under pytest nobody asks a real provider by accident.

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::specs::did_you_mean;

use crate::endpoint::Endpoint;
use crate::route::usual;

/// What pytest sets, for itself and for the processes that its tests start.
const PYTEST: [&str; 2] = ["PYTEST_VERSION", "PYTEST_CURRENT_TEST"];
/// Providers that tests may ask, with commas between.
pub const ALLOWED: &str = "FLOWAI_LIVE_IN_TESTS";

/// Closes every endpoint that tests may not ask; servers on this machine stay open.
///
/// # Errors
/// [`FaultKind::SpecError`] for an allowed name that is no provider's.
pub(crate) fn close_for_tests(
    endpoints: &mut [Endpoint],
    allowed: &[String],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(), Fault> {
    let from_outside = variable(ALLOWED).unwrap_or_default();
    let from_outside = from_outside.split(',').map(str::trim).filter(|name| !name.is_empty());
    let allowed: Vec<&str> = allowed.iter().map(String::as_str).chain(from_outside).map(usual).collect();
    let known: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
    if let Some(name) = allowed.iter().find(|name| !known.contains(name)) {
        let fault =
            Fault::new(FaultKind::SpecError, format!("tests are allowed to ask `{name}`, which is no provider"));
        return Err(fault.hint(did_you_mean(name, known)));
    }
    if PYTEST.iter().all(|name| variable(name).is_none()) {
        return Ok(());
    }
    let closed = |endpoint: &&mut Endpoint| !endpoint.is_loopback() && !allowed.contains(&endpoint.name.as_str());
    endpoints.iter_mut().filter(closed).for_each(|endpoint| endpoint.closed = Some(refusal(&endpoint.name)));
    Ok(())
}

fn refusal(name: &str) -> Fault {
    Fault::new(FaultKind::LiveCallRefused, format!("a test may not ask the live provider `{name}`")).hint(format!(
        "script the models with `Test`, point `base_url` at a server on this machine, or allow it by name: \
         `Live(allow_in_tests=[\"{name}\"])` or `{ALLOWED}={name}`"
    ))
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;

    use crate::configured::endpoints;

    fn closed(allowed: &[&str], variables: &[(&str, &str)]) -> Result<Vec<String>, FaultKind> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let allowed: Vec<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        let made = endpoints(&[], &allowed, &variable).map_err(|fault| fault.kind())?;
        Ok(made.into_iter().filter(|each| each.closed.is_some()).map(|each| each.name).collect())
    }

    #[test]
    fn under_pytest_only_what_is_allowed_or_local_stays_open() {
        let pytest = ("PYTEST_VERSION", "9.0");
        assert_eq!(closed(&[], &[]).unwrap(), Vec::<String>::new());
        let all = closed(&[], &[pytest]).unwrap();
        assert!(all.contains(&"anthropic".to_owned()) && all.contains(&"azure".to_owned()));
        assert!(!all.contains(&"ollama".to_owned()));
        assert!(
            closed(&[], &[pytest, ("OLLAMA_BASE_URL", "http://gpu.example")]).unwrap().contains(&"ollama".to_owned())
        );
        let left = closed(&["claude"], &[pytest, ("FLOWAI_LIVE_IN_TESTS", " openai, groq,")]).unwrap();
        assert!(["anthropic", "openai", "groq"].iter().all(|name| !left.contains(&(*name).to_owned())));
        assert_eq!(closed(&["antropic"], &[]).unwrap_err(), FaultKind::SpecError);
    }
}
