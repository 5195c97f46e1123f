//! Which names a module of a file defines, imports and uses, read from its tokens, so also inside macros.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::Visit;

use super::SILENT;
use super::tokens::is_mark;

/// Macros that read a file or the environment of the build. Only those of [`TEXTS`] may stand in code that a digest covers.
const READING: [&str; 5] = [
    "env",
    "include",
    "include_bytes",
    "include_str",
    "option_env",
];

/// Macros whose file, named by one literal, is covered as it is.
const TEXTS: [&str; 2] = ["include_bytes", "include_str"];

/// Words before the name of something that is defined.
const DEFINING: [&str; 9] = [
    "const", "enum", "fn", "mut", "static", "struct", "trait", "type", "union",
];

/// The parts of a path as it stands in code: `crate`, `order`, `Order`.
pub(crate) type Path = Vec<String>;

/// The names of one module; those of its functions and macros count as the module's.
#[derive(Default)]
pub(crate) struct Module {
    /// What it defines, methods and what macros are given among it.
    pub(crate) items: BTreeSet<String>,
    /// Modules in it, with what they say or, of those in a file of their own, nothing.
    pub(crate) inner: Vec<(String, Option<Rc<Module>>)>,
    /// By name, what a `use` makes it stand for.
    pub(crate) imports: BTreeMap<String, BTreeSet<Path>>,
    /// What `::*` follows.
    pub(crate) globs: BTreeSet<Path>,
    pub(crate) macros: BTreeSet<String>,
    /// Whether attributes, as conditions of the build, decide what a `mod` or a `use` leads to.
    pub(crate) conditional: bool,
    /// Every path that is used; also words that are no path.
    pub(crate) paths: BTreeSet<Path>,
    /// For each `impl`, the paths of trait and type; for each macro that may make one, each of its paths.
    pub(crate) impls: Vec<BTreeSet<Path>>,
    /// Files whose bytes become part of the program.
    pub(crate) texts: BTreeSet<String>,
    /// What a digest cannot see.
    pub(crate) refused: Option<String>,
}

impl Module {
    pub(crate) fn of(items: &[syn::Item]) -> Self {
        let mut module = Self::default();
        for item in items {
            if let syn::Item::Mod(inner) = item {
                let content = inner.content.as_ref();
                let content = content.map(|(_, items)| Rc::new(Self::of(items)));
                module.inner.push((inner.ident.to_string(), content));
                module.conditional |= !inner.attrs.is_empty();
                continue;
            }
            module.conditional |=
                matches!(item, syn::Item::Use(import) if !import.attrs.is_empty());
            module.visit_item(item);
            module.scan(item.to_token_stream(), &[], false);
        }
        module
    }

    /// Notes the paths of tokens, each behind `before`, which is empty but in the braces of a `use`.
    fn scan(&mut self, tokens: TokenStream, before: &[String], mut importing: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut place = 0;
        while let Some(token) = tokens.get(place) {
            match token {
                TokenTree::Group(group) => self.scan(group.stream(), &[], importing),
                TokenTree::Ident(word) if word == "use" || is_word(&tokens[..place], "extern") => {
                    importing = true;
                }
                TokenTree::Ident(_) if !is_part(&tokens[..place]) => {
                    place = self.path(&tokens, place, before.to_vec(), importing);
                    continue;
                }
                token => importing &= !is_mark(token, ';'),
            }
            place += 1;
        }
    }

    /// Notes the path that goes on with the word at `place`, and returns the place behind it.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        place: usize,
        mut path: Path,
        importing: bool,
    ) -> usize {
        path.push(tokens[place].to_string());
        let rest = &tokens[place + 1..];
        let goes_on = matches!(rest, [one, two, ..] if is_mark(one, ':') && is_mark(two, ':'));
        if goes_on && !is_keyword(&path[path.len() - 1]) {
            match rest.get(2) {
                Some(TokenTree::Ident(_)) => return self.path(tokens, place + 3, path, importing),
                Some(TokenTree::Group(group)) => {
                    self.scan(group.stream(), &path, importing);
                    return place + 4;
                }
                Some(token) if is_mark(token, '*') => {
                    self.globs.insert(path.clone());
                    path.push("*".to_owned());
                    self.paths.insert(path);
                    return place + 4;
                }
                _ => {}
            }
        }
        if !importing {
            self.special(&path[path.len() - 1], rest);
            self.paths.insert(path);
            return place + 1;
        }
        if path.len() == 1 {
            // Only a path of several parts may begin with a crate.
            path.push("self".to_owned());
        }
        let (name, end) = match rest {
            [TokenTree::Ident(word), name, ..] if word == "as" => {
                (Some(name.to_string()), place + 3)
            }
            _ => (
                path.iter().rfind(|part| *part != "self").cloned(),
                place + 1,
            ),
        };
        let imports = self.imports.entry(name.unwrap_or_default());
        imports.or_default().insert(path.clone());
        self.paths.insert(path);
        end
    }

    /// Notes what words mean that are no path: macros that define or read something, and modules that a macro brings.
    fn special(&mut self, word: &str, rest: &[TokenTree]) {
        match (word, rest) {
            ("fn", [TokenTree::Ident(name), ..]) if name == "expect" => {
                self.refused =
                    Some("what a function `expect` is given would count as a message".to_owned());
            }
            (_, [TokenTree::Ident(name), ..]) if DEFINING.contains(&word) => {
                self.items.insert(name.to_string());
            }
            ("macro_rules", [_, TokenTree::Ident(name), ..]) => {
                self.macros.insert(name.to_string());
            }
            ("mod", [TokenTree::Ident(_), end, ..]) if is_mark(end, ';') => {
                self.refused =
                    Some("`mod` in a macro or a function leads to another file".to_owned());
            }
            (_, [mark, TokenTree::Group(group), ..])
                if is_mark(mark, '!') && READING.contains(&word) =>
            {
                match syn::parse2::<syn::LitStr>(group.stream()) {
                    Ok(file) if TEXTS.contains(&word) => {
                        self.texts.insert(file.value());
                    }
                    _ => self.refused = Some(format!("`{word}!` reads what no digest covers")),
                }
            }
            _ => {}
        }
    }
}

impl<'ast> Visit<'ast> for Module {
    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let mut header = Self::default();
        let of = item.trait_.as_ref().map(|(path, _)| path.to_token_stream());
        header.scan(of.unwrap_or_default(), &[], false);
        header.scan(item.self_ty.to_token_stream(), &[], false);
        self.impls.push(header.paths);
        syn::visit::visit_item_impl(self, item);
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        // Macros of silent crates implement the traits of these crates.
        let from = item.mac.path.segments.first();
        if from.is_some_and(|from| SILENT.contains(&&*from.ident.to_string())) {
            return;
        }
        let text = item.mac.tokens.to_string();
        if item.ident.is_some() && !text.split_whitespace().any(|word| word == "impl") {
            return;
        }
        let mut call = Self::default();
        call.scan(item.mac.tokens.clone(), &[], false);
        let paths = call.paths.into_iter();
        self.impls.extend(paths.map(|path| BTreeSet::from([path])));
    }
}

/// Whether what follows is a field, a method or a lifetime.
fn is_part(before: &[TokenTree]) -> bool {
    match before {
        [.., one, two] if is_mark(two, '.') => !is_mark(one, '.'),
        [.., last] => is_mark(last, '\''),
        [] => false,
    }
}

fn is_word(before: &[TokenTree], word: &str) -> bool {
    matches!(before.last(), Some(TokenTree::Ident(found)) if found == word)
}

/// Whether a word is no part of a path, so that `::` behind it begins one, as in `dyn ::other::A`.
fn is_keyword(word: &str) -> bool {
    !["crate", "self", "super"].contains(&word) && syn::parse_str::<syn::Ident>(word).is_err()
}
