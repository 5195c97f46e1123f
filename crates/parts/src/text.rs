//! Names in messages.

use std::path::Path;

/// Most characters of a text in a message: a quote that is not closed makes a field of the rest of a file.
const LONGEST: usize = 4000;

/// The text for a message: control characters, such as a line break in a file name, are escaped, and what is beyond 4000 characters is left out.
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len().min(LONGEST));
    for letter in text.chars().take(LONGEST) {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push_str(" ...");
    }
    shown
}

/// A path for a message.
pub fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy())
}
