//! Digests of a small workspace in a folder of its own: what must change them, and what must not.

use std::fs;

use proptest::prelude::*;

use super::digest::{Answer, KINDS, Workspace};
use super::{DIGESTS, digest};

/// The workspace: `segment` names `imaging`, which depends on `colour` and on the external crate `pixel-math`, which
/// depends on `wide`.
const FILES: [(&str, &str); 14] = [
    ("Cargo.toml", WORKSPACE),
    ("Cargo.lock", LOCK),
    ("crates/segment/Cargo.toml", SEGMENT),
    ("crates/segment/src/lib.rs", "mod crops;\n"),
    ("crates/segment/src/crops.rs", ACTION),
    ("crates/imaging/Cargo.toml", IMAGING),
    (
        "crates/imaging/src/lib.rs",
        "mod decode;\n#[cfg(test)]\nmod tests;\npub fn crop(side: u32) -> u32 { decode::read() / side }\n",
    ),
    (
        "crates/imaging/src/decode.rs",
        "pub(crate) fn read() -> u32 { 1 }\n",
    ),
    ("crates/imaging/src/tests.rs", "#[test] fn works() {}\n"),
    (
        "crates/colour/Cargo.toml",
        "[package]\nname = \"colour\"\n[dependencies]\nschema.workspace = true\n",
    ),
    ("crates/colour/src/lib.rs", "pub fn lab() {}\n"),
    (
        "crates/other/Cargo.toml",
        "[package]\nname = \"other\"\n[dependencies]\nstore.workspace = true\n",
    ),
    ("crates/other/src/lib.rs", "pub fn unused() {}\n"),
    (
        "crates/schema/Cargo.toml",
        "[package]\nname = \"schema\"\n[dependencies]\nstore.workspace = true\n",
    ),
];

const WORKSPACE: &str = r#"
[workspace.dependencies]
imaging = { path = "crates/imaging" }
pixel-math = { version = "1.2", features = ["fast"] }
"#;

const SEGMENT: &str = r#"
[package]
name = "segment"
[dependencies]
imaging.workspace = true
other.workspace = true
schema.workspace = true
store.workspace = true
direct = "1"
[dev-dependencies]
bench = "1"
"#;

const IMAGING: &str = r#"
[package]
name = "imaging"
[dependencies]
colour.workspace = true
[target.'cfg(unix)'.dependencies]
pixel-math.workspace = true
[dev-dependencies]
bench = "1"
"#;

const LOCK: &str = r#"
[[package]]
name = "bench"
version = "1.0.0"
checksum = "b0"
[[package]]
name = "direct"
version = "1.0.0"
checksum = "d0"
[[package]]
name = "imaging"
version = "0.1.0"
dependencies = ["bench", "colour", "pixel-math"]
[[package]]
name = "pixel-math"
version = "1.2.3"
checksum = "a0"
dependencies = ["wide 0.7.0"]
[[package]]
name = "segment"
version = "0.1.0"
dependencies = ["bench", "direct", "imaging", "other", "schema", "store"]
[[package]]
name = "wide"
version = "0.6.0"
checksum = "e0"
[[package]]
name = "wide"
version = "0.7.0"
checksum = "c0"
"#;

const ACTION: &str = r"
use schema::Crops;

/// Cuts.
pub fn crops(side: u32) -> u32 {
    let sides = [side, 1];
    if side > 1 && side != 7 { imaging::crop(sides[0]) } else { side }
}
";

/// The fixture workspace with some files changed: (path, old text, new text); an empty old text adds at the end.
struct Fixture(tempfile::TempDir);

impl Fixture {
    fn new(changes: &[(&str, &str, &str)]) -> Self {
        let fixture = Self(tempfile::tempdir().unwrap());
        for (path, text) in FILES {
            fixture.write(path, text);
        }
        for (path, old, new) in changes {
            fixture.change(path, old, new);
        }
        fixture
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn change(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.0.path().join(path)).unwrap_or_default();
        assert!(text.contains(old), "{old} is not in {path}");
        let changed = if old.is_empty() {
            text + new
        } else {
            text.replace(old, new)
        };
        self.write(path, &changed);
    }

    fn answer(&self) -> Result<Answer, String> {
        Workspace::read(self.0.path())
            .unwrap()
            .digest("crops", "segment")
    }

    fn refusal(&self) -> String {
        let shown = format!("{}/", self.0.path().display());
        self.answer().unwrap_err().replace(&shown, "")
    }
}

fn digest_with(path: &str, old: &str, new: &str) -> String {
    let Answer::Digest(digest) = Fixture::new(&[(path, old, new)]).answer().unwrap() else {
        panic!("the action has a file");
    };
    digest
}

fn plain_digest() -> String {
    digest_with("Cargo.toml", "", "")
}

const ACTION_FILE: &str = "crates/segment/src/crops.rs";

#[test]
fn comments_documentation_formatting_lints_and_tests_do_not_count() {
    let plain = plain_digest();
    for (path, old, new) in [
        (ACTION_FILE, "    let", "    // Why.\n    let"),
        (
            ACTION_FILE,
            "/// Cuts.",
            "/// Cuts a square.\n#[must_use]\n#[expect(dead_code, reason = \"example\")]",
        ),
        (ACTION_FILE, "side > 1 && side", "side>1&&side"),
        (
            ACTION_FILE,
            "[side, 1]",
            "[\n        side,\n        1,\n    ]",
        ),
        (ACTION_FILE, "(side: u32)", "(\n    side: u32,\n)"),
        (
            ACTION_FILE,
            "crop(sides[0])",
            "crop(\n        sides[0],\n    )",
        ),
        (
            ACTION_FILE,
            "",
            "#[cfg(test)]\nmod tests { use super::*; #[test] fn works() { store::open(); } }",
        ),
        (ACTION_FILE, "", "#[cfg(test)]\nmod tests;"),
        (
            ACTION_FILE,
            "    let",
            "    #[cfg(test)]\n    store::open();\n    let",
        ),
        (
            "crates/imaging/src/lib.rs",
            "",
            "#[cfg(test)] mod more { fn helper() {} }",
        ),
        ("crates/imaging/src/tests.rs", "", "fn helper() {}"),
        ("crates/colour/src/lib.rs", "", "// End."),
    ] {
        assert_eq!(digest_with(path, old, new), plain, "{path}: {new}");
    }
}

#[test]
fn every_token_of_the_file_and_of_the_crates_that_it_names_counts() {
    let mut digests = vec![plain_digest()];
    for (path, old, new) in [
        (ACTION_FILE, "side != 7", "side != 8"),
        (ACTION_FILE, "[side, 1]", "(side, 1)"),
        (ACTION_FILE, "pub fn", "pub(crate) fn"),
        (ACTION_FILE, "", "#[derive(Debug)] struct More;"),
        (ACTION_FILE, "", "#[cfg(unix)] fn more() {}"),
        ("crates/imaging/src/lib.rs", "/ side", "- side"),
        ("crates/imaging/src/decode.rs", "{ 1 }", "{ 2 }"),
        ("crates/imaging/src/table.txt", "", "read by include_str"),
        ("crates/imaging/build.rs", "", "fn main() {}"),
        (
            "crates/colour/src/lib.rs",
            "pub fn lab() {}",
            "pub fn lab() { loop {} }",
        ),
        ("crates/colour/src/new.rs", "", "fn new() {}"),
    ] {
        digests.push(digest_with(path, old, new));
    }
    let different: std::collections::BTreeSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:#?}");
}

#[test]
fn code_that_no_result_depends_on_does_not_count() {
    let plain = plain_digest();
    for path in ["schema", "stage", "store", "study", "pipeline", "other"] {
        assert_eq!(
            digest_with(&format!("crates/{path}/src/lib.rs"), "", "pub fn new() {}"),
            plain,
            "{path}"
        );
    }
    assert_eq!(
        digest_with(
            "crates/segment/src/lib.rs",
            "",
            "pub mod run { pub fn all() {} }"
        ),
        plain
    );
    assert_eq!(
        digest_with("crates/segment/src/segments.rs", "", "pub fn segments() {}"),
        plain
    );
}

#[test]
fn versions_checksums_and_features_of_external_crates_count() {
    let mut digests = vec![plain_digest()];
    for (path, old, new) in [
        ("Cargo.lock", "1.2.3", "1.2.4"),
        ("Cargo.lock", "\"a0\"", "\"a1\""),
        ("Cargo.lock", "\"c0\"", "\"c1\""),
        ("Cargo.toml", "\"fast\"", "\"exact\""),
        ("crates/imaging/Cargo.toml", "colour.workspace = true\n", ""),
    ] {
        digests.push(digest_with(path, old, new));
    }
    let different: std::collections::BTreeSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:#?}");
}

#[test]
fn external_crates_that_the_code_does_not_reach_do_not_count() {
    let plain = plain_digest();
    assert_eq!(
        digest_with("Cargo.lock", "\"b0\"", "\"b1\""),
        plain,
        "a dependency of tests"
    );
    assert_eq!(
        digest_with("Cargo.lock", "\"d0\"", "\"d1\""),
        plain,
        "a dependency that the file does not name"
    );
    assert_eq!(
        digest_with("Cargo.lock", "\"e0\"", "\"e1\""),
        plain,
        "another version of a dependency"
    );
}

#[test]
fn an_external_crate_that_the_file_names_counts() {
    let named = (ACTION_FILE, "", "fn fast() { direct::run() }");
    let answers = ["\"d0\"", "\"d1\""].map(|sum| {
        Fixture::new(&[named, ("Cargo.lock", "\"d0\"", sum)])
            .answer()
            .unwrap()
    });
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn a_crate_is_named_by_a_use_a_path_a_macro_or_an_attribute() {
    for name in [
        "use other as o;",
        "use {std::fmt, other::a};",
        "extern crate other;",
        "fn f() { other::a(); }",
        "fn f(a: ::other::A) {}",
        "fn f() { <u8 as other::A>::a(); }",
        "fn f() { println!(\"{}\", other::a()); }",
        "macro_rules! m { () => { other::a() } }",
        "#[derive(other::A)] struct S;",
        "fn f() -> Vec<other::A> { vec![] }",
    ] {
        let refusal = Fixture::new(&[(ACTION_FILE, "", name)]).refusal();
        assert!(
            refusal.contains("`other`, which depends on `store`"),
            "{name}: {refusal}"
        );
    }
    for name in [
        "fn f(other: u8) -> u8 { other }",
        "fn f() { std::other::a(); }",
        "fn f() { dbg!(std::other::a()); }",
    ] {
        assert!(
            Fixture::new(&[(ACTION_FILE, "", name)]).answer().is_ok(),
            "{name}"
        );
    }
}

#[test]
fn code_that_would_escape_the_digest_is_refused() {
    let refused = [
        "fn f() { store::put(); }",
        "fn f() { other::put(); }",
        "use crate::run;",
        "mod inner { use super::super::run; }",
        "fn f() { println!(\"{}\", crate::run()); }",
        "mod helper;",
        "const TABLE: &str = include_str!(\"table.txt\");",
        "const VERSION: &str = env!(\"CARGO_PKG_VERSION\");",
    ];
    let refusals: Vec<String> = refused
        .iter()
        .map(|code| Fixture::new(&[(ACTION_FILE, "", code)]).refusal())
        .collect();
    insta::assert_snapshot!(refusals.join("\n"), @"
    crates/segment/src/crops.rs names the crate `store`, on whose code no result may depend; take it to another file of `segment`
    crates/segment/src/crops.rs names the crate `other`, which depends on `store`, on whose code no result may depend
    crates/segment/src/crops.rs: `crate::` leads to code that the digest of this file does not cover; take that code into this file or into a crate of its own
    crates/segment/src/crops.rs: `super::` leads to code that the digest of this file does not cover; take that code into this file or into a crate of its own
    crates/segment/src/crops.rs: `crate::` leads to code that the digest of this file does not cover; take that code into this file or into a crate of its own
    crates/segment/src/crops.rs: `mod helper;` lies in another file, which the digest of this file does not cover
    crates/segment/src/crops.rs: `include_str!` reads what the digest of this file does not cover
    crates/segment/src/crops.rs: `env!` reads what the digest of this file does not cover
    ");
}

#[test]
fn a_file_that_is_not_rust_is_refused_by_name() {
    insta::assert_snapshot!(Fixture::new(&[(ACTION_FILE, "", "fn (")]).refusal(), @"crates/segment/src/crops.rs:9:4: cannot parse string into token stream");
}

#[test]
fn an_action_without_a_file_is_told_from_one_with_a_digest() {
    let fixture = Fixture::new(&[]);
    let path = fixture.0.path().join(ACTION_FILE);
    fs::remove_file(&path).unwrap();
    assert_eq!(fixture.answer().unwrap(), Answer::NoFile(path));
}

#[test]
fn what_a_digest_depends_on_is_watched_and_nothing_else() {
    let fixture = Fixture::new(&[]);
    let root = fixture.0.path();
    let mut workspace = Workspace::read(root).unwrap();
    workspace.digest("crops", "segment").unwrap();
    let watched: Vec<String> = workspace
        .read
        .iter()
        .map(|path| path.strip_prefix(root).unwrap().display().to_string())
        .collect();
    insta::assert_snapshot!(watched.join("\n"), @"
    Cargo.lock
    Cargo.toml
    crates/colour/Cargo.toml
    crates/colour/src
    crates/imaging/Cargo.toml
    crates/imaging/src
    crates/segment/Cargo.toml
    crates/segment/src/crops.rs
    ");
}

#[test]
fn a_table_that_no_action_makes_has_no_digest() {
    assert_eq!(digest("views"), None);
}

#[test]
fn every_digest_is_64_hexadecimal_digits_of_a_known_kind() {
    for (kind, digest) in DIGESTS {
        assert!(KINDS.iter().any(|(known, _)| known == kind));
        assert!(
            digest.len() == 64 && digest.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{kind}: {digest}"
        );
    }
}

/// The action file in pieces between which any space may stand.
fn pieces() -> Vec<String> {
    let code = "use schema :: Crops ; pub fn crops ( side : u32 ) -> u32 { let sides = [ side , 1 ] ; \
                if side > 1 && side != 7 { imaging :: crop ( sides [ 0 ] ) } else { side } }";
    code.split(' ').map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn spaces_and_comments_between_tokens_change_nothing(
        spaces in prop::collection::vec(prop::sample::select(vec![" ", "\n", "\t\n", "/* why */", " // why\n"]), 60)
    ) {
        let code: String = pieces().iter().zip(spaces).flat_map(|(piece, space)| [piece.clone(), space.to_owned()]).collect();
        let fixture = Fixture::new(&[]);
        fixture.write(ACTION_FILE, &code);
        prop_assert_eq!(fixture.answer().unwrap(), Answer::Digest(plain_digest()));
    }
}
