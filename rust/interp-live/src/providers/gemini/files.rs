//! Files that a person gives or a model makes, as parts of content.

use flowai_core::effects::File;
use flowai_core::fault::Fault;
use serde_json::{Map, Value as Json, json};

use super::parts::held;
use crate::providers::output::cannot;

/// The part of a file.
pub(super) fn part(file: &File) -> Result<Json, Fault> {
    let media_type = file.media_type.split(';').next().unwrap_or_default().trim().to_owned();
    let mut file = File { media_type, ..file.clone() };
    let data = file.url.as_deref().and_then(|url| url.strip_prefix("data:")?.split_once(";base64,"));
    if let Some((media_type, base64)) = data.filter(|_| file.base64.is_none()) {
        let known = Some(media_type.split(';').next().unwrap_or_default()).filter(|known| !known.is_empty());
        file.media_type = known.unwrap_or(&file.media_type).to_owned();
        file.base64 = Some(base64.to_owned());
    }
    let Some((name, fields)) = held(&file) else {
        return Err(cannot("needs the bytes or the URL of a file", "give one of them"));
    };
    Ok(json!({name: Map::from_iter(fields.map(|(name, value)| (name.to_owned(), value)))}))
}

/// A file of the answer, where its fields say one.
pub(super) fn file(fields: &mut Map<String, Json>) -> Option<File> {
    let is_inline = fields.get("inlineData").is_some_and(|held| held["data"].is_string());
    let (name, content) = if is_inline { ("inlineData", "data") } else { ("fileData", "fileUri") };
    let mut held = match fields.get(name)? {
        Json::Object(held) if held.get(content).is_some_and(Json::is_string) => held.clone(),
        _ => return None,
    };
    fields.remove(name);
    let mut text = |field: &str| match held.remove(field) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    };
    let (content, media_type) = (text(content), text("mimeType").unwrap_or_default());
    if !held.is_empty() {
        fields.insert(name.to_owned(), Json::Object(held));
    }
    let (base64, url) = if is_inline { (content, None) } else { (None, content) };
    Some(File { media_type, name: None, base64, url })
}
