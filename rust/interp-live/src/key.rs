//! A key: it is sent to its provider and shown nowhere.

use zeroize::Zeroizing;

/// A secret; it has no `Debug`, no `Display` and no JSON form, and its memory is cleared when it goes.
///
/// ```compile_fail
/// println!("{:?}", flowai_interp_live::Key::new("sk-secret"));
/// ```
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// Hides a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The secret itself, for the header that carries it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// The text without the secret, for a provider that repeats it; none where the text does not hold it.
    pub(crate) fn struck_from(&self, text: &str) -> Option<String> {
        // What is shorter is no secret, and striking it would spoil the sentence.
        let is_secret = self.0.len() >= 4;
        (is_secret && text.contains(self.reveal())).then(|| text.replace(self.reveal(), "[key]"))
    }
}
