//! `url` and `sha256` of `[networks.NAME]`: where a weight file comes from.

use config::Section;

/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;
/// Fewest digits in a file's name that are taken for the beginning of its SHA-256, as torchvision writes it.
const NAMED: usize = 8;

/// Where a file comes from, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Download {
    /// The address.
    pub url: String,
    /// The SHA-256, or its first digits, in lower-case hexadecimal; at least 8.
    pub sha256: String,
}

impl Download {
    /// None where no `url` is written.
    pub(crate) fn of(
        section: &Section<'_>,
        url: Option<String>,
        sha256: Option<String>,
    ) -> Option<Self> {
        let known = sha256.is_some();
        let digest = sha256.unwrap_or_default().to_lowercase();
        let Some(url) = url else {
            if known {
                let title = "`sha256` describes the downloaded file";
                section.wrong("sha256", title, "add `url`");
            }
            return None;
        };
        if !["http://", "https://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            let label = "expected an address that begins with https:// or http://";
            section.wrong("url", "`url` must be an address", label);
        }
        let is_hex = digest.bytes().all(|digit| digit.is_ascii_hexdigit());
        let sha256 = if known {
            if digest.len() != DIGITS || !is_hex {
                let title = format!("`sha256` must have {DIGITS} hexadecimal digits");
                section.wrong(
                    "sha256",
                    title,
                    format!("found {} characters", digest.len()),
                );
            }
            digest
        } else {
            let named = named(&url);
            if named.is_none() {
                let title = "the digest of the downloaded file must be known";
                section.wrong(
                    "url",
                    title,
                    "add `sha256`, because the file's name does not end in its first digits",
                );
            }
            named.unwrap_or_default()
        };
        Some(Self { url, sha256 })
    }
}

/// The digits in a file's name, such as `7be5be79` in `alexnet-owt-7be5be79.pth`.
fn named(url: &str) -> Option<String> {
    let file = url.rsplit('/').next()?;
    let stem = file.split('.').next()?;
    let (_, digits) = stem.rsplit_once('-')?;
    let fits = digits.len() >= NAMED && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    fits.then(|| digits.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torchvisions_names_end_in_the_first_digits() {
        let of = |name: &str| named(&format!("https://download.pytorch.org/models/{name}"));
        assert_eq!(of("alexnet-owt-7be5be79.pth").as_deref(), Some("7be5be79"));
        assert_eq!(of("resnet50.pth"), None);
        assert_eq!(of("resnet-large.pth"), None);
    }
}
