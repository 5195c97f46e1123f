//! Digests of a small workspace and of this one: what must change them, and what must not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::digest::{Files, Workspace, units};
use super::{DIGESTS, digest};

/// A workspace: the action `crops` uses `imaging::crop`, which uses `decode`, which uses the crate `colour` and the external crate
/// `pixel-math`, which depends on `wide`. Before each file stands its path.
const FILES: &str = include_str!("workspace.txt");

const ACTION: &str = "crates/segment/src/crops.rs";
const IMAGING: &str = "crates/imaging/src/lib.rs";
const DECODE: &str = "crates/imaging/src/decode.rs";

/// The small workspace with some files changed: (path, old text, new text); an empty old text adds at the end.
fn changed(changes: &[(&str, &str, &str)]) -> Workspace {
    let files = FILES.trim_start_matches("== ").split("\n== ");
    let files = files.filter_map(|file| file.split_once('\n'));
    let mut texts: BTreeMap<&str, String> = files
        .map(|(path, text)| (path, format!("{text}\n")))
        .collect();
    for (path, old, new) in changes {
        let text = texts.entry(path).or_default();
        assert!(text.contains(old), "{old} is not in {path}");
        *text = replaced(text, old, new);
    }
    let mut files = Files::default();
    for (path, text) in texts {
        files.edit(path, text);
    }
    Workspace::read(files).unwrap()
}

fn replaced(text: &str, old: &str, new: &str) -> String {
    if old.is_empty() {
        format!("{text}{new}")
    } else {
        text.replacen(old, new, 1)
    }
}

fn action() -> [PathBuf; 1] {
    [ACTION.into()]
}

fn answer(path: &str, old: &str, new: &str) -> Result<String, String> {
    changed(&[(path, old, new)]).digest("crops", &action())
}

fn digest_with(path: &str, old: &str, new: &str) -> String {
    answer(path, old, new).unwrap()
}

fn plain_digest() -> String {
    digest_with("Cargo.toml", "", "")
}

/// What the action depends on with a change, and not without it.
fn more(path: &str, new: &str) -> String {
    let files = |new| {
        let closure = changed(&[(path, "", new)]).closure(&action()).unwrap();
        closure.files.into_keys().collect::<BTreeSet<PathBuf>>()
    };
    let named = |path: &PathBuf| path.file_stem().unwrap().display().to_string();
    let more: Vec<String> = files(new).difference(&files("")).map(named).collect();
    format!("{new} -> {}", more.join(" "))
}

#[test]
fn comments_documentation_formatting_lints_messages_and_tests_do_not_count() {
    let plain = plain_digest();
    for (path, old, new) in [
        (ACTION, "    let", "    // Why.\n    let"),
        (
            ACTION,
            "/// Cuts.",
            "/// Cuts a square.\n#[must_use]\n#[expect(dead_code, reason = \"example\")]",
        ),
        (ACTION, "side > 1 && side", "side>1&&side"),
        (ACTION, "[side, 1]", "[\n        side,\n        1,\n    ]"),
        (ACTION, "(side: u32)", "(\n    side: u32,\n)"),
        (ACTION, "crop(sides[0])", "crop(\n        sides[0],\n    )"),
        (ACTION, "<A, B>", "<\n    A,\n    B,\n>"),
        (ACTION, "no room", "there is no room, {0}"),
        (ACTION, "\"{} is wrong\"", "\"{} is right\""),
        (ACTION, "nine", "9"),
        (ACTION, "a side", "a side is given"),
        (
            ACTION,
            "",
            "#[cfg(test)]\nmod tests { use super::*; #[test] fn works() { store::open(); } }",
        ),
        (ACTION, "", "#[cfg(all(test, unix))]\nmod tests;"),
        (
            ACTION,
            "    let",
            "    #[cfg(test)]\n    store::open();\n    let",
        ),
        (IMAGING, "", "#[cfg(test)] mod more { fn helper() {} }"),
        ("crates/imaging/src/tests.rs", "", "fn helper() {}"),
        ("crates/colour/src/space.rs", "", "// End."),
    ] {
        assert_eq!(digest_with(path, old, new), plain, "{path}: {new}");
    }
}

#[test]
fn what_a_plug_in_says_about_itself_does_not_count() {
    let method = |kind: &str, title: &str| {
        let text = format!(
            "static METHOD: Plugin = Plugin {{ kind: \"{kind}\", title: \"{title}\", about: \"{title}.\" }};"
        );
        digest_with(ACTION, "", &text)
    };
    assert_eq!(method("lime", "LIME"), method("lime", "Lime"));
    assert_ne!(method("lime", "LIME"), method("glime", "LIME"));
    let measure = |name: &str, title: &str| {
        let text = format!(
            "impl Measure for u8 {{ const NAME: &str = \"{name}\"; const TITLE: &str = \"{title}\"; }}"
        );
        digest_with(ACTION, "", &text)
    };
    assert_eq!(measure("saco", "SaCo"), measure("saco", "Salience"));
    assert_ne!(measure("saco", "SaCo"), measure("auc", "SaCo"));
    let other = |title: &str| {
        digest_with(
            ACTION,
            "",
            &format!("static OTHER: Row = Row {{ title: \"{title}\" }};"),
        )
    };
    assert_ne!(other("a"), other("b"));
}

#[test]
fn every_other_token_of_the_files_that_are_used_counts() {
    let mut digests = vec![plain_digest()];
    for (path, old, new) in [
        (ACTION, "side != 7", "side != 8"),
        (ACTION, "[side, 1]", "(side, 1)"),
        (ACTION, "pub fn", "pub(crate) fn"),
        (ACTION, "side == 9", "side == 8"),
        (ACTION, "side.expect(\"a side\")", "side.max(\"a side\")"),
        (ACTION, "", "#[derive(Debug)] struct More;"),
        (ACTION, "", "#[cfg(unix)] fn more() {}"),
        ("crates/imaging/src/crop.rs", "/ side", "- side"),
        (DECODE, "one", "two"),
        ("crates/imaging/build.rs", "", "fn main() {}"),
        (
            "crates/colour/src/space.rs",
            "lab() {}",
            "lab() { loop {} }",
        ),
    ] {
        digests.push(digest_with(path, old, new));
    }
    let different: BTreeSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:#?}");
}

#[test]
fn code_that_no_result_depends_on_does_not_count() {
    let plain = plain_digest();
    for (path, new) in [
        ("crates/schema/src/lib.rs", "pub fn new() {}"),
        ("crates/store/src/lib.rs", "pub fn new() {}"),
        ("crates/other/src/lib.rs", "pub fn new() {}"),
        (
            "crates/segment/src/lib.rs",
            "pub mod all { pub fn all() {} }",
        ),
        ("crates/segment/src/segments.rs", "pub fn more() {}"),
        (IMAGING, "pub fn more() {}"),
        (IMAGING, "pub use ops::add;"),
        ("crates/imaging/src/paint.rs", "pub fn more() {}"),
    ] {
        assert_eq!(digest_with(path, "", new), plain, "{path}");
    }
}

#[test]
fn a_name_leads_to_the_file_that_defines_it() {
    let found = [
        "use imaging::paint;",
        "use imaging::Brush as B;",
        "use imaging::{self, ops};",
        "use imaging::ops::*;",
        "use {std::fmt, imaging::{ops::{add as plus}, Brush}};",
        "use imaging::ops; fn f() { ops::add(); }",
        "use imaging::ops as o; fn f() -> Vec<o::Op> { o::deep::sum() }",
        "fn f() { use imaging::ops as o; o::add(); }",
        "extern crate imaging as i; fn f() { i::ops::add(); }",
        "fn f(a: &dyn ::imaging::ops::Op) {}",
        "fn f() { <u8 as imaging::ops::Op>::a(); }",
        "fn f() { println!(\"{}\", imaging::ops::add()); }",
        "macro_rules! m { () => { imaging::ops::add() } }",
        "#[derive(imaging::ops::Op)] struct S;",
        "fn f() { imaging::brush!(); }",
        "fn f() -> imaging::shapes::Brush {}",
        "use crate::glue;",
        "fn f() { crate::glue::more(); }",
        "use super::glue as g; fn f() { g::more(); }",
        "mod inner { fn f() { super::super::glue::more(); } }",
        "const TABLE: &str = include_str!(\"table.txt\");",
        "fn f() { imaging::gone(); }",
        "fn f(ops: u8, imaging: u8) -> u8 { ops.paint().add + imaging }",
        "fn f() { std::imaging::ops::add(); }",
    ];
    let found = found.map(|code| more(ACTION, code));
    insta::assert_snapshot!(found.join("\n"), @r#"
    use imaging::paint; -> ops paint
    use imaging::Brush as B; -> ops paint
    use imaging::{self, ops}; -> 
    use imaging::ops::*; -> ops
    use {std::fmt, imaging::{ops::{add as plus}, Brush}}; -> ops paint
    use imaging::ops; fn f() { ops::add(); } -> ops
    use imaging::ops as o; fn f() -> Vec<o::Op> { o::deep::sum() } -> ops
    fn f() { use imaging::ops as o; o::add(); } -> ops
    extern crate imaging as i; fn f() { i::ops::add(); } -> ops
    fn f(a: &dyn ::imaging::ops::Op) {} -> ops
    fn f() { <u8 as imaging::ops::Op>::a(); } -> ops
    fn f() { println!("{}", imaging::ops::add()); } -> ops
    macro_rules! m { () => { imaging::ops::add() } } -> ops
    #[derive(imaging::ops::Op)] struct S; -> ops
    fn f() { imaging::brush!(); } -> ops paint
    fn f() -> imaging::shapes::Brush {} -> ops paint
    use crate::glue; -> 
    fn f() { crate::glue::more(); } -> glue
    use super::glue as g; fn f() { g::more(); } -> glue
    mod inner { fn f() { super::super::glue::more(); } } -> glue
    const TABLE: &str = include_str!("table.txt"); -> table
    fn f() { imaging::gone(); } -> lib ops paint
    fn f(ops: u8, imaging: u8) -> u8 { ops.paint().add + imaging } -> 
    fn f() { std::imaging::ops::add(); } ->
    "#);
}

#[test]
fn an_impl_of_what_is_covered_is_covered_where_covered_code_can_use_it() {
    let found = [
        "impl crate::decode::Reader {}",
        "impl Clone for crate::decode::Reader {}",
        "impl crate::decode::Read for u8 {}",
        "impl<T> crate::decode::Read for T {}",
        "impl From<crate::decode::Reader> for String {}",
        "use crate::decode as d; fn f() { impl d::Reader {} }",
        "crate::implement!(crate::decode::Reader);",
        "impl crate::decode::Read for Brush {}",
        "impl super::ops::Op for super::decode::Reader {}",
        "#[cfg(test)] impl crate::decode::Reader {}",
        "fn f(reader: crate::decode::Reader) -> impl Clone {}",
    ];
    let found = found.map(|code| more("crates/imaging/src/paint.rs", code));
    insta::assert_snapshot!(found.join("\n"), @"
    impl crate::decode::Reader {} -> ops paint
    impl Clone for crate::decode::Reader {} -> ops paint
    impl crate::decode::Read for u8 {} -> ops paint
    impl<T> crate::decode::Read for T {} -> ops paint
    impl From<crate::decode::Reader> for String {} -> ops paint
    use crate::decode as d; fn f() { impl d::Reader {} } -> ops paint
    crate::implement!(crate::decode::Reader); -> lib ops paint
    impl crate::decode::Read for Brush {} -> 
    impl super::ops::Op for super::decode::Reader {} -> 
    #[cfg(test)] impl crate::decode::Reader {} -> 
    fn f(reader: crate::decode::Reader) -> impl Clone {} ->
    ");
}

#[test]
fn what_a_name_stands_for_counts() {
    let of = |from| {
        changed(&[
            (ACTION, "", "use imaging::first;"),
            (
                "crates/imaging/src/ops.rs",
                "",
                "pub fn one() {} pub fn two() {}",
            ),
            (IMAGING, "", from),
        ])
    };
    let froms = [
        "pub use ops::one as first;",
        "pub use ops::two as first;",
        "#[cfg(unix)] pub use ops::two as first;",
    ];
    let digests: BTreeSet<_> = froms
        .map(|from| of(from).digest("crops", &action()).unwrap())
        .into();
    assert_eq!(digests.len(), 3);
}

#[test]
fn versions_checksums_and_features_of_external_crates_count() {
    let mut digests = vec![plain_digest()];
    for (path, old, new) in [
        ("Cargo.lock", "1.2.3", "1.2.4"),
        ("Cargo.lock", "\"a0\"", "\"a1\""),
        ("Cargo.lock", "\"c0\"", "\"c1\""),
        ("Cargo.toml", "\"fast\"", "\"exact\""),
    ] {
        digests.push(digest_with(path, old, new));
    }
    let different: BTreeSet<&String> = digests.iter().collect();
    assert_eq!(different.len(), digests.len(), "{digests:#?}");
}

#[test]
fn external_crates_count_where_code_names_them() {
    let plain = plain_digest();
    for (old, new) in [
        ("\"b0\"", "\"b1\""),
        ("\"d0\"", "\"d1\""),
        ("\"e0\"", "\"e1\""),
    ] {
        assert_eq!(digest_with("Cargo.lock", old, new), plain, "{old}");
    }
    let named = (ACTION, "", "fn fast() { direct::run() }");
    let answers = ["\"d0\"", "\"d1\""].map(|sum| {
        changed(&[named, ("Cargo.lock", "\"d0\"", sum)])
            .digest("crops", &action())
            .unwrap()
    });
    assert_ne!(answers[0], answers[1]);
}

#[test]
fn code_that_no_digest_may_cover_is_refused() {
    let refused = [
        (ACTION, "fn f() { store::put(); }"),
        (ACTION, "fn f() { other::a::b(); }"),
        (ACTION, "use crate::run;"),
        (ACTION, "fn f() { #[path = \"x.rs\"] mod helper; }"),
        (ACTION, "#[path = \"glue.rs\"] mod helper;"),
        (ACTION, "const VERSION: &str = env!(\"CARGO_PKG_VERSION\");"),
        (ACTION, "include!(\"table.rs\");"),
        (ACTION, "fn expect(a: &str) {}"),
        (ACTION, "fn ("),
        ("crates/segment/src/lib.rs", "mod gone;"),
    ];
    let refusals = refused.map(|(path, code)| answer(path, "", code).unwrap_err());
    insta::assert_snapshot!(refusals.join("\n"), @"
    crates/segment/src/crops.rs names the crate `store`, on whose code no result may depend; take what is needed to another file (crates/segment/src/crops.rs leads here)
    crates/other/src/lib.rs names the crate `store`, on whose code no result may depend; take what is needed to another file (crates/segment/src/crops.rs leads here)
    crates/segment/src/lib.rs names the crate `store`, on whose code no result may depend; take what is needed to another file (crates/segment/src/crops.rs leads here)
    crates/segment/src/crops.rs: `mod` in a macro or a function leads to another file
    cannot read crates/segment/src/crops/helper.rs: No such file or directory (os error 2)
    crates/segment/src/crops.rs: `env!` reads what no digest covers
    crates/segment/src/crops.rs: `include!` reads what no digest covers
    crates/segment/src/crops.rs: what a function `expect` is given would count as a message
    crates/segment/src/crops.rs:18:4: cannot parse string into token stream
    cannot read crates/segment/src/gone.rs: No such file or directory (os error 2)
    ");
    let gone = changed(&[]).digest("views", &["crates/segment/src/views.rs".into()]);
    insta::assert_snapshot!(gone.unwrap_err(), @"crates/segment/src/views.rs is no module of a library");
}

#[test]
fn what_a_digest_depends_on_is_watched_and_nothing_else() {
    let mut workspace = changed(&[]);
    workspace.digest("crops", &action()).unwrap();
    let watched = workspace.watched();
    let watched: Vec<_> = watched
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    insta::assert_snapshot!(watched.join("\n"), @"
    Cargo.lock
    Cargo.toml
    crates/colour/Cargo.toml
    crates/colour/src
    crates/colour/src/lib.rs
    crates/colour/src/space.rs
    crates/imaging/Cargo.toml
    crates/imaging/src
    crates/imaging/src/crop.rs
    crates/imaging/src/decode.rs
    crates/imaging/src/lib.rs
    crates/imaging/src/ops.rs
    crates/imaging/src/paint.rs
    crates/other/Cargo.toml
    crates/other/src
    crates/other/src/lib.rs
    crates/segment/Cargo.toml
    crates/segment/src
    crates/segment/src/crops.rs
    crates/segment/src/glue.rs
    crates/segment/src/lib.rs
    crates/segment/src/segments.rs
    ");
}

#[test]
fn digests_are_64_hexadecimal_digits_and_every_kind_and_plug_in_has_one() {
    assert_eq!(digest("views"), None);
    let units = units(&Files::at(&root())).unwrap();
    assert_eq!(DIGESTS.len(), units.len());
    for (unit, _) in units {
        let digest = digest(&unit).unwrap();
        assert!(
            digest.len() == 64 && digest.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{unit}: {digest}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn spaces_and_comments_between_tokens_change_nothing(
        spaces in prop::collection::vec(prop::sample::select(vec![" ", "\n", "\t\n", "/* why */", " // why\n"]), 60)
    ) {
        let code = "use schema :: Crops ; pub fn crops ( side : u32 ) -> u32 { let sides = [ side , 1 ] ; \
                    if side > 1 && side != 7 { imaging :: crop ( sides [ 0 ] ) } else { side } }";
        let spaced: String = code.split(' ').zip(spaces).flat_map(|(piece, space)| [piece, space]).collect();
        prop_assert_eq!(digest_with(ACTION, "", &spaced), digest_with(ACTION, "", code));
    }
}

/// This workspace, all of whose code that results depend on is read.
pub(super) fn here() -> (Workspace, BTreeMap<String, String>) {
    digests(Files::at(&root()))
}

pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The checksum of the last version of a package.
pub(super) fn checksum(name: &str) -> String {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let (_, entry) = lock.rsplit_once(&format!("name = \"{name}\"\n")).unwrap();
    let (_, entry) = entry.split_once("checksum = \"").unwrap();
    entry.split('"').next().unwrap().to_owned()
}

/// Digests of kinds of action and plug-ins.
fn digests(files: Files) -> (Workspace, BTreeMap<String, String>) {
    let units = units(&files).unwrap().into_iter();
    let mut workspace = Workspace::read(files).unwrap();
    let digests = units.map(|(unit, roots)| {
        let digest = workspace.digest(&unit, &roots).unwrap();
        (unit, digest)
    });
    let digests = digests.collect();
    (workspace, digests)
}

/// The kinds of action and plug-ins that an edit reaches.
pub(super) fn reached(
    workspace: &Workspace,
    plain: &BTreeMap<String, String>,
    path: &str,
    old: &str,
    new: &str,
) -> Vec<String> {
    let mut files = workspace.files.clone();
    let before = std::fs::read_to_string(root().join(path)).unwrap();
    assert!(before.contains(old), "{path} has no {old}");
    files.edit(path, replaced(&before, old, new));
    let order = units(&files).unwrap().into_iter();
    let after = digests(files).1;
    order
        .map(|(unit, _)| unit)
        .filter(|unit| after[unit] != plain[unit])
        .collect()
}

#[test]
fn the_code_behind_every_kind_is_known() {
    let (mut workspace, _) = here();
    let mut text = String::new();
    for (kind, roots) in units(&workspace.files).unwrap() {
        let closure = workspace.closure(&roots).unwrap();
        let external: BTreeSet<String> =
            closure.external.into_iter().map(|(_, name)| name).collect();
        let external: Vec<String> = external.into_iter().collect();
        let _ = writeln!(text, "{kind}: {}", external.join(" "));
        let mut crates: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for file in closure.files.keys() {
            let file = file.strip_prefix("crates").unwrap().display().to_string();
            let (name, file) = file.split_once("/src/").unwrap();
            let file = file.strip_suffix(".rs").unwrap_or(file);
            crates
                .entry(name.to_owned())
                .or_default()
                .push(file.to_owned());
        }
        for (name, files) in crates {
            let _ = writeln!(text, "  {name}: {}", files.join(" "));
        }
    }
    insta::with_settings!({
        description => "For each kind of action: external crates, and files by crate, that its key depends on. To accept: \
                        INSTA_UPDATE=always cargo test --release -p study the_code_behind",
        omit_expression => true,
    }, {
        insta::assert_snapshot!("closures", text);
    });
}

#[test]
fn no_comment_test_or_message_of_this_workspace_counts() {
    let (workspace, plain) = here();
    let mut files = workspace.files.clone();
    for path in workspace.watched() {
        if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(root().join(&path)).unwrap();
            let text = text
                .replace("#[error(\"", "#[error(\"sadly: ")
                .replace(".expect(\"", ".expect(\"sadly: ");
            let text = text
                .replace("\n/// ", "\n/// Really: ")
                .replace("\n        /// ", "\n        /// Really: ")
                .replace("\n    let ", "\n    // Why.\n    let ");
            files.edit(path.to_str().unwrap(), format!("{text}\n#[cfg(test)]\nmod more {{ use super::*; fn test() {{ store::open() }} }}\n"));
        }
    }
    assert_eq!(digests(files).1, plain);
}

#[test]
fn a_plug_in_counts_only_where_inputs_name_it() {
    let (workspace, plain) = here();
    let plugins = units(&workspace.files).unwrap().into_iter();
    let plugins: Vec<_> = plugins.filter(|(unit, _)| unit.contains("::")).collect();
    assert!(plugins.len() > 2);
    for (unit, roots) in plugins {
        let path = roots[0].to_str().unwrap();
        let due = reached(&workspace, &plain, path, "", "fn more() {}");
        // A sampler may belong to one method, whose settings name it; whatever has that method in its key has the sampler too.
        let owned = |due: &&String| unit.contains("samplers") && due.contains("kinds");
        let due: Vec<&String> = due.iter().filter(|due| !owned(due)).collect();
        assert_eq!(due, [&unit], "{path}");
    }
}
