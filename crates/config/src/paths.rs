//! Paths and names as people write them: one file has several spellings.

use std::path::{Component, Path, PathBuf};

use unicode_normalization::UnicodeNormalization;

pub use parts::shown;
pub use parts::visible;

/// The text in Unicode's composed form (NFC), in which equal letters are equal bytes.
///
/// macOS writes `ü` as `u` and a combining mark (NFD); most other programs write one character.
pub fn composed(text: &str) -> String {
    text.nfc().collect()
}

/// One spelling for all ways to write a path: absolute, without `.` and `a/..`, composed. Links are not followed.
pub fn spelling(path: &Path) -> String {
    composed(&plain(&absolute(path)).to_string_lossy())
}

/// The path from the root, which [`std::path::absolute`] does not give for an empty path.
pub fn absolute(path: &Path) -> PathBuf {
    std::env::current_dir().map_or_else(|_| path.to_path_buf(), |here| here.join(path))
}

/// The path without `.`, and with `a/..` taken out.
pub fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if plain.file_name().is_some() => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// `folder/written`, in the Unicode form that is on disk; as written where there is none.
pub fn below(folder: &Path, written: &str) -> PathBuf {
    let path = folder.join(written);
    if written.is_ascii() || path.exists() {
        return path;
    }
    let forms = [composed(written), written.nfd().collect()].map(|form| folder.join(form));
    forms.into_iter().find(|form| form.exists()).unwrap_or(path)
}

/// Why no file can be read at a path, such as "there is no image `a.png`"; none where a regular file is there. Nothing is opened, because
/// opening a pipe waits for its other end.
pub fn absent(what: &str, path: &Path) -> Option<String> {
    let shown = path.display();
    match path.metadata() {
        Ok(found) if found.is_file() => None,
        Ok(found) if found.is_dir() => Some(format!("the {what} `{shown}` is a folder")),
        Ok(_) => Some(format!(
            "the {what} `{shown}` is a pipe, socket or device, not a regular file"
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some(if path.is_symlink() {
            format!("the {what} `{shown}` is a link to a file that does not exist")
        } else {
            format!("there is no {what} `{shown}`")
        }),
        Err(error) => Some(format!("cannot read the {what} `{shown}`: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_path_are_equal() {
        let here = std::env::current_dir().unwrap();
        let spelled = spelling(&here.join("a/gr\u{fc}n.png"));
        for other in [
            "a/gr\u{fc}n.png",
            "./a/./gr\u{fc}n.png",
            "b/../a/gr\u{fc}n.png",
            "a//gru\u{308}n.png",
        ] {
            assert_eq!(spelling(Path::new(other)), spelled, "{other}");
        }
        assert_ne!(spelling(Path::new("a/grun.png")), spelled);
    }

    #[test]
    fn control_characters_are_escaped_and_letters_are_kept() {
        assert_eq!(
            visible("gr\u{fc}n\n\u{1b}[2J\t"),
            "gr\u{fc}n\\n\\u{1b}[2J\\t"
        );
    }
}
