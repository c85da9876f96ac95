//! Secrets: what a process knows and nobody may read, struck out of texts however many there are.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::key::Key;

/// What is shorter may be a word, such as the `ollama` that some servers want for a key.
pub(crate) const SECRET_BYTES_MIN: usize = 12;

/// What stands in the place of a secret.
const STRUCK: &str = "[key]";

/// What stands where a text was cut, as labels are.
const CUT: &str = "...";

/// What a header says before the secret itself.
const SCHEMES: [&str; 3] = ["bearer", "basic", "token"];

/// Secrets, found in one look over a text.
#[derive(Clone)]
pub struct Secrets {
    /// By their first bytes, the longest first.
    by_start: BTreeMap<[u8; SECRET_BYTES_MIN], Vec<Key>>,
    /// Which bytes may be the first and the second of one.
    starts: [[bool; 256]; 2],
}

impl Default for Secrets {
    fn default() -> Self {
        Self { by_start: BTreeMap::new(), starts: [[false; 256]; 2] }
    }
}

impl Secrets {
    /// Adds a secret, and what it is without the space around it and the scheme before it; short ones are no secrets.
    pub fn add(&mut self, secret: &Key) {
        let whole = secret.reveal().trim();
        let bare = whole.split_once(' ').filter(|(scheme, _)| SCHEMES.contains(&scheme.to_ascii_lowercase().as_str()));
        self.add_text(whole);
        if let Some((_, bare)) = bare {
            self.add_text(bare.trim_start());
        }
    }

    /// The text without the secrets, whole or cut short behind their first bytes; none where it holds none.
    ///
    /// ```
    /// use flowai_interp_live::{Key, Secrets};
    ///
    /// let mut secrets = Secrets::default();
    /// secrets.add(&Key::new("sk-0123456789"));
    /// assert_eq!(secrets.struck_from("sent sk-0123456789"), Some("sent [key]".to_owned()));
    /// assert_eq!(secrets.struck_from("sent nothing"), None);
    /// ```
    #[must_use]
    pub fn struck_from(&self, text: &str) -> Option<String> {
        let (mut clean, mut rest) = (String::new(), text);
        while let Some((before, after)) = self.split(rest) {
            clean.push_str(before);
            clean.push_str(STRUCK);
            rest = after;
        }
        (rest.len() < text.len()).then(|| clean + rest)
    }

    /// JSON without the secrets.
    #[must_use]
    pub fn struck(&self, value: Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.struck_from(&text).unwrap_or(text)),
            Json::Array(items) => items.into_iter().map(|item| self.struck(item)).collect(),
            Json::Object(fields) => fields.into_iter().map(|(name, field)| self.struck_field(name, field)).collect(),
            other => other,
        }
    }

    fn struck_field(&self, name: String, field: Json) -> (String, Json) {
        (self.struck_from(&name).unwrap_or(name), self.struck(field))
    }

    fn add_text(&mut self, secret: &str) {
        let Some(start) = secret.as_bytes().first_chunk::<SECRET_BYTES_MIN>() else { return };
        let alike = self.by_start.entry(*start).or_default();
        if alike.iter().any(|known| known.reveal() == secret) {
            return;
        }
        let at = alike.partition_point(|known| known.reveal().len() > secret.len());
        alike.insert(at, Key::new(secret));
        for (starts, byte) in self.starts.iter_mut().zip(start) {
            if let Some(may_be) = starts.get_mut(usize::from(*byte)) {
                *may_be = true;
            }
        }
    }

    /// What stands before the first secret and behind it.
    fn split<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        let windows = text.as_bytes().windows(SECRET_BYTES_MIN).enumerate();
        let mut found = windows.filter(|(_, window)| self.may_begin(window)).filter_map(|(at, window)| {
            let (before, rest) = text.split_at_checked(at)?;
            let alike = self.by_start.get(window)?;
            let whole = alike.iter().find_map(|secret| rest.strip_prefix(secret.reveal()));
            let after = whole.or_else(|| alike.iter().find_map(|secret| behind_cut(rest, secret.reveal())))?;
            Some((before, after))
        });
        found.next()
    }

    fn may_begin(&self, window: &[u8]) -> bool {
        let [firsts, seconds] = &self.starts;
        let is = |starts: &[bool; 256], byte: u8| starts.get(usize::from(byte)).copied().unwrap_or_default();
        matches!(window, [first, second, ..] if is(firsts, *first) && is(seconds, *second))
    }
}

/// What stands behind the beginning of a secret, where the text is cut there.
fn behind_cut<'t>(text: &'t str, secret: &str) -> Option<&'t str> {
    let (begun, after) = text.split_at_checked(text.find(CUT)?)?;
    secret.starts_with(begun).then_some(after)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Secrets;
    use crate::key::Key;

    const KEY: &str = "sk-canary-0123456789";

    fn secrets(texts: &[&str]) -> Secrets {
        let mut secrets = Secrets::default();
        for text in texts {
            secrets.add(&Key::new(*text));
        }
        secrets
    }

    #[test]
    fn each_secret_is_struck_out_wherever_it_stands() {
        let secrets = secrets(&[KEY, "schlüssel-für-alles"]);
        let text = format!("{KEY}, é{KEY}{KEY} schlüssel-für-alles");
        assert_eq!(secrets.struck_from(&text).unwrap(), "[key], é[key][key] [key]");
    }

    #[test]
    fn the_longest_of_several_is_struck_out() {
        let (short, long) = ("sk-canary-01", "sk-canary-0123456789-long");
        let secrets = secrets(&[KEY, long, short, KEY]);
        assert_eq!(secrets.struck_from(&format!("{long} {KEY} {short}!")).unwrap(), "[key] [key] [key]!");
    }

    #[test]
    fn a_scheme_and_the_space_around_it_are_no_part_of_a_secret() {
        let secrets = secrets(&["Bearer canary-bearer-1", "\tcanary-of-a-file\n", "Mister canary-bearer-2"]);
        let struck = |text: &str| secrets.struck_from(text);
        assert_eq!(struck("canary-bearer-1, canary-of-a-file").unwrap(), "[key], [key]");
        assert_eq!(struck("Bearer canary-bearer-1").unwrap(), "[key]");
        assert_eq!(struck("canary-bearer-2"), None);
    }

    #[test]
    fn a_secret_that_is_cut_short_is_one_too() {
        let secrets = secrets(&[KEY]);
        assert_eq!(secrets.struck_from("run('sk-canary-012345...)").unwrap(), "run('[key]...)");
        assert_eq!(secrets.struck_from("run('sk-canary-0...)"), None);
        assert_eq!(secrets.struck_from("run('sk-canary-01299...)"), None);
    }

    #[test]
    fn json_is_struck_through_and_through() {
        let value = json!({"a": [{KEY: KEY}, 1, null], "b": true});
        assert_eq!(secrets(&[KEY]).struck(value), json!({"a": [{"[key]": "[key]"}, 1, null], "b": true}));
    }

    #[test]
    fn what_is_short_or_no_secret_stays() {
        let secrets = secrets(&[KEY, "ollama", "ollama-ollam", ""]);
        for text in ["", "ollama", "sk-canary-012345678", "sk-canary-1234567890", "ollama-olla", "é"] {
            assert_eq!(secrets.struck_from(text), None, "{text}");
        }
        assert_eq!(Secrets::default().struck_from(KEY), None);
    }

    #[test]
    fn it_finds_what_a_plain_search_finds() {
        let known = ["abaabbabaabb", "baabbabaabba", "abaabbabaabbab", "bbbbbbbbbbbbb"];
        let secrets = secrets(&known);
        // Every text of sixteen letters `a` and `b`.
        for bits in 0..1_u32 << 16 {
            let text: String = (0..16).map(|at| if bits >> at & 1 == 0 { 'a' } else { 'b' }).collect();
            let is_there = known.iter().any(|secret| text.contains(secret));
            assert_eq!(secrets.struck_from(&text).is_some(), is_there, "{text}");
        }
    }
}
