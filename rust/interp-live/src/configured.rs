//! What a user says of providers, made into endpoints with what the environment adds.

use std::time::Duration;

use flowai_core::fault::{Fault, FaultKind};
use flowai_core::specs::did_you_mean;

use crate::endpoint::{Endpoint, Limits};
use crate::guard::close_for_tests;
use crate::key::Key;
use crate::line::hidden;
use crate::presets::{self, Api, PRESETS, Preset};
use crate::route::usual;

/// Protocols by their own names, and a preset that speaks each; a server that is no preset speaks one of them.
const PROTOCOLS: [(&str, &str); 3] = [("messages", "anthropic"), ("responses", "openai"), ("generate", "gemini")];
/// The protocol of most servers.
const CHAT: &str = "chat";

/// What a user says of a provider; what is absent is the preset's, or usual.
#[derive(Clone, Default)]
pub struct Configured {
    /// A preset's name, or one of the user's own.
    pub name: String,
    /// Which protocol it speaks: its name, or that of a preset which speaks the same.
    pub api: Option<String>,
    /// Where it is.
    pub base_url: Option<String>,
    /// The key.
    pub key: Option<Key>,
    /// Headers of the user's own.
    pub headers: Vec<(String, Key)>,
    /// How long is waited for a connection.
    pub connect: Option<Duration>,
    /// How long is waited for the first byte.
    pub first_byte: Option<Duration>,
    /// How long is waited from one byte to the next.
    pub between_bytes: Option<Duration>,
    /// How long a whole call may take.
    pub total: Option<Duration>,
    /// How often a failed attempt is tried again.
    pub retries_max: Option<u32>,
    /// How much is asked.
    pub limits: Limits,
}

/// Every preset and every provider of the user's, with addresses and keys from the environment where none is given.
///
/// # Errors
/// [`FaultKind::SpecError`] for an unknown provider or protocol, with the nearest names.
pub fn endpoints(
    configured: &[Configured],
    allowed_in_tests: &[String],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Endpoint>, Fault> {
    let mut made = Vec::new();
    for each in configured {
        made.push(each.endpoint(variable)?);
    }
    let given = |preset: &Preset| made.iter().any(|endpoint: &Endpoint| endpoint.name == preset.name);
    let rest: Vec<_> = PRESETS.iter().filter(|preset| !given(preset)).map(|preset| preset.endpoint(variable)).collect();
    made.extend(rest);
    // A server on this machine may want a key, and may as well do without.
    made.iter_mut().filter(|each| each.is_loopback()).for_each(|each| each.key_variables.clear());
    close_for_tests(&mut made, allowed_in_tests, variable)?;
    Ok(made)
}

/// The secrets of the user's providers, and those of every preset that the environment gives.
pub fn secrets(configured: &[Configured], variable: &dyn Fn(&str) -> Option<String>) -> Vec<Key> {
    let given = configured.iter().filter_map(|each| each.endpoint(variable).ok());
    given.chain(PRESETS.iter().map(|preset| preset.endpoint(variable))).flat_map(|endpoint| hidden(&endpoint)).collect()
}

impl Configured {
    /// Whether the provider and its protocol are known; reads no environment.
    ///
    /// # Errors
    /// [`FaultKind::SpecError`] with the nearest names.
    pub fn check(&self) -> Result<(), Fault> {
        self.endpoint(&|_| None).map(|_| ())
    }

    fn endpoint(&self, variable: &dyn Fn(&str) -> Option<String>) -> Result<Endpoint, Fault> {
        let known = presets::find(usual(&self.name));
        let api = match (&self.api, &known) {
            (Some(api), _) => protocol(&self.name, api)?,
            (None, Ok(preset)) => preset.api,
            (None, Err(_)) => return Err(self.unknown()),
        };
        let mut endpoint = match known {
            Ok(preset) => preset.endpoint(variable),
            Err(_) => Endpoint::new(&*self.name, api.provider(), ""),
        };
        endpoint.provider = api.provider();
        Ok(self.laid_over(endpoint))
    }

    fn laid_over(&self, mut endpoint: Endpoint) -> Endpoint {
        if let Some(base_url) = &self.base_url {
            endpoint.base_url.clone_from(base_url);
        }
        if self.key.is_some() {
            endpoint.key.clone_from(&self.key);
        }
        endpoint.headers.clone_from(&self.headers);
        let timeouts = &mut endpoint.timeouts;
        let given = [self.connect, self.first_byte, self.between_bytes, self.total];
        let usual = [&mut timeouts.connect, &mut timeouts.first_byte, &mut timeouts.between_bytes, &mut timeouts.total];
        given.into_iter().zip(usual).for_each(|(given, usual)| *usual = given.unwrap_or(*usual));
        endpoint.retries.count_max = self.retries_max.unwrap_or(endpoint.retries.count_max);
        endpoint.limits = self.limits;
        endpoint
    }

    fn unknown(&self) -> Fault {
        let near = did_you_mean(&self.name, PRESETS.iter().map(|preset| preset.name));
        Fault::new(FaultKind::SpecError, format!("no provider is called `{}`", self.name))
            .hint(format!("{near}; for a server of your own say which protocol it speaks, as in `\"api\": \"{CHAT}\"`"))
    }
}

fn protocol(name: &str, api: &str) -> Result<Api, Fault> {
    if api == CHAT {
        return Ok(Api::Chat("compatible"));
    }
    let preset = PROTOCOLS.iter().find(|(protocol, _)| *protocol == api).map_or(api, |(_, preset)| *preset);
    presets::find(usual(preset)).map(|preset| preset.api).map_err(|_| {
        let names = PROTOCOLS.iter().map(|(protocol, _)| *protocol).chain([CHAT]);
        let hint = did_you_mean(api, names.chain(PRESETS.iter().map(|preset| preset.name)));
        Fault::new(FaultKind::SpecError, format!("provider `{name}` speaks `{api}`, which is no protocol")).hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use flowai_core::fault::FaultKind;

    use super::{Configured, endpoints, secrets};
    use crate::Key;

    fn named(name: &str) -> Configured {
        Configured { name: name.to_owned(), ..Configured::default() }
    }

    #[test]
    fn what_is_given_wins_over_the_environment_and_that_over_the_preset() {
        let variable = |name: &str| match name {
            "ANTHROPIC_API_KEY" => Some("from the environment".to_owned()),
            "OPENAI_BASE_URL" => Some("https://proxy.example/v1".to_owned()),
            _ => None,
        };
        let configured = [Configured { key: Some(Key::new("given")), ..named("claude") }];
        let made = endpoints(&configured, &[], &variable).unwrap();
        let find = |name: &str| made.iter().find(|endpoint| endpoint.name == name).unwrap();
        assert_eq!(find("anthropic").key.as_ref().unwrap().reveal(), "given");
        assert_eq!(find("openai").base_url, "https://proxy.example/v1");
        assert_eq!(find("groq").base_url, "https://api.groq.com/openai/v1");
        assert_eq!(made.iter().filter(|endpoint| endpoint.name == "anthropic").count(), 1);
    }

    #[test]
    fn the_secrets_are_keys_of_both_places_secret_headers_and_passwords_of_addresses() {
        let variable = |name: &str| (name == "GROQ_API_KEY").then(|| "of the environment".to_owned());
        let configured = [Configured {
            key: Some(Key::new("of the user")),
            base_url: Some("https://me:word@host/v1?sig=signature&page=2".to_owned()),
            headers: vec![
                ("Authorization".to_owned(), Key::new("Bearer one")),
                ("X-Title".to_owned(), Key::new("my app")),
            ],
            ..named("claude")
        }];
        let found = secrets(&configured, &variable);
        let found: Vec<_> = found.iter().map(Key::reveal).collect();
        let of_address = ["word", "word", "bWU6d29yZA==", "signature"];
        assert_eq!(found, [&["of the user", "Bearer one"][..], &of_address, &["of the environment"]].concat());
    }

    #[test]
    fn a_server_of_ones_own_says_what_it_speaks() {
        let own = |api: &str| Configured { api: Some(api.to_owned()), ..named("mine") };
        for (api, spoken) in [("chat", "chat"), ("groq", "chat"), ("messages", "anthropic"), ("openai", "responses")] {
            let made = endpoints(&[own(api)], &[], &|_| None).unwrap();
            assert_eq!(made.first().unwrap().provider.api(), spoken);
        }
        let faults = [own("chatt").check(), named("antropic").check()].map(Result::unwrap_err);
        let [protocol, provider] = faults.map(|fault| {
            assert_eq!(fault.kind(), FaultKind::SpecError);
            fault.advice().unwrap().to_owned()
        });
        assert!(protocol.contains("`chat`"), "{protocol}");
        assert!(provider.contains("`anthropic`"), "{provider}");
    }
}
