//! Files that a person gives, as pieces of content.

use flowai_core::effects::File;
use flowai_core::fault::Fault;
use serde_json::{Value as Json, json};

use super::Flavour;
use crate::providers::output::cannot;

/// The piece of a file.
pub(super) fn piece(file: &File, flavour: Flavour) -> Result<Json, Fault> {
    let media_type = file.media_type.split(';').next().unwrap_or_default().trim();
    match media_type.split_once('/') {
        Some(("image", _)) => Ok(json!({"type": "image_url", "image_url": {"url": address(file, media_type)?}})),
        Some(("audio", kind)) => audio(file, kind),
        _ if media_type == "application/pdf" => document(file, media_type, flavour),
        _ => Err(cannot(
            &format!("takes no file of type `{media_type}`"),
            "give an image, a PDF, or its text in the message",
        )),
    }
}

fn document(file: &File, media_type: &str, flavour: Flavour) -> Result<Json, Fault> {
    if flavour == Flavour::Mistral {
        return Ok(json!({"type": "document_url", "document_url": address(file, media_type)?}));
    }
    if file.base64.is_none() && flavour != Flavour::OpenRouter {
        return Err(cannot("fetches no PDF from a URL", "give the bytes of the PDF"));
    }
    let name = file.name.as_deref().unwrap_or("document.pdf");
    Ok(json!({"type": "file", "file": {"filename": name, "file_data": address(file, media_type)?}}))
}

fn audio(file: &File, kind: &str) -> Result<Json, Fault> {
    let Some(base64) = &file.base64 else { return Err(cannot("fetches no sound from a URL", "give its bytes")) };
    let format = match kind {
        "mpeg" | "mp3" => "mp3",
        "wav" | "x-wav" | "wave" => "wav",
        other => other,
    };
    Ok(json!({"type": "input_audio", "input_audio": {"data": base64, "format": format}}))
}

/// The URL of a file, which holds its bytes where they are given.
fn address(file: &File, media_type: &str) -> Result<String, Fault> {
    match (&file.base64, &file.url) {
        (Some(base64), _) => Ok(format!("data:{media_type};base64,{base64}")),
        (None, Some(url)) => Ok(url.clone()),
        (None, None) => Err(cannot("needs the bytes or the URL of a file", "give one of them")),
    }
}
