//! The tokens of a file of Rust that count for a digest, and their text.
//!
//! Comments, documentation, lint attributes, formatting, tests and messages do not count.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::visit_mut::VisitMut;

/// Attributes that speak to readers and to the compiler only, and `error`, which holds the message of an error.
const SILENT: [&str; 8] = [
    "allow", "deny", "doc", "error", "expect", "forbid", "must_use", "warn",
];

/// Macros of the crate `tracing`, whose literals are messages.
const TRACING: [&str; 5] = ["debug", "error", "info", "trace", "warn"];

/// What a plug-in says about itself to readers: a method in its `Plugin`, a measure in its `impl Measure`.
const ABOUT: [&str; 4] = ["about", "title", "ABOUT", "TITLE"];

/// Takes out tests, silent attributes and what plug-ins say about themselves.
pub(crate) struct Strip;

fn ends_with(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

fn is_about(name: &syn::Ident) -> bool {
    ABOUT.iter().any(|known| name == known)
}

fn without_tests(items: &mut Vec<syn::Item>) {
    items.retain_mut(|item| !is_test(|first| first.visit_item_mut(item)));
}

/// Whether the first attributes that a visit meets, which are the node's own, make it a test.
fn is_test(visit: impl FnOnce(&mut FirstAttributes)) -> bool {
    let mut first = FirstAttributes(None);
    visit(&mut first);
    first.0.unwrap_or(false)
}

struct FirstAttributes(Option<bool>);

impl VisitMut for FirstAttributes {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        let test = |attribute: &syn::Attribute| match &attribute.meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) => {
                let condition = list.tokens.to_string().replace(' ', "");
                list.path.is_ident("cfg")
                    && (condition == "test" || condition.starts_with("all(test,"))
            }
            syn::Meta::NameValue(_) => false,
        };
        self.0.get_or_insert_with(|| attributes.iter().any(test));
    }
}

impl VisitMut for Strip {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        attributes.retain(|attribute| !SILENT.iter().any(|name| attribute.path().is_ident(name)));
    }

    fn visit_file_mut(&mut self, file: &mut syn::File) {
        without_tests(&mut file.items);
        syn::visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            without_tests(items);
        }
        syn::visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        item.items
            .retain_mut(|item| !is_test(|first| first.visit_impl_item_mut(item)));
        let implemented = item.trait_.as_ref();
        if implemented.is_some_and(|made| ends_with(&made.0, "Measure")) {
            let about = |item: &syn::ImplItem| matches!(item, syn::ImplItem::Const(item) if is_about(&item.ident));
            item.items.retain(|item| !about(item));
        }
        syn::visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_expr_struct_mut(&mut self, made: &mut syn::ExprStruct) {
        if ends_with(&made.path, "Plugin") {
            let fields = std::mem::take(&mut made.fields);
            let about = |field: &syn::FieldValue| matches!(&field.member, syn::Member::Named(name) if is_about(name));
            made.fields = fields.into_iter().filter(|field| !about(field)).collect();
        }
        syn::visit_mut::visit_expr_struct_mut(self, made);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block
            .stmts
            .retain_mut(|statement| !is_test(|first| first.visit_stmt_mut(statement)));
        syn::visit_mut::visit_block_mut(self, block);
    }
}

/// The tokens that count, whose text depends on neither spaces nor line breaks nor trailing commas nor messages.
pub(crate) fn counting(tokens: TokenStream) -> TokenStream {
    let tokens = Vec::from_iter(tokens);
    let counting = |place: usize| match &tokens[place] {
        _ if is_silent(&tokens, place) => None,
        _ if is_documentation(&tokens[place..])
            || place > 0 && is_documentation(&tokens[place - 1..]) =>
        {
            None
        }
        TokenTree::Group(group) => {
            let before = &tokens[..place];
            let mut inner = Vec::from_iter(group.stream());
            let commas = inner.iter().filter(|token| is_mark(token, ',')).count();
            let tuple =
                group.delimiter() == Delimiter::Parenthesis && commas == 1 && !is_call(before);
            inner.pop_if(|last| is_mark(last, ',') && !tuple);
            if is_message(before, inner.len()) {
                inner.retain(|token| !matches!(token, TokenTree::Literal(_)));
            }
            let inner = counting(TokenStream::from_iter(inner));
            Some(Group::new(group.delimiter(), inner).into())
        }
        token => {
            let generics = tokens.get(place + 1).is_some_and(|next| is_mark(next, '>'));
            (!generics || !is_mark(token, ',')).then(|| token.clone())
        }
    };
    (0..tokens.len()).filter_map(counting).collect()
}

/// Whether these tokens begin with a doc comment, as those that macros are given have them.
fn is_documentation(tokens: &[TokenTree]) -> bool {
    let is_doc = |group: &Group| {
        let first = group.stream().into_iter().next();
        first.is_some_and(|first| matches!(first, TokenTree::Ident(word) if word == "doc"))
    };
    matches!(tokens, [mark, TokenTree::Group(group), ..] if is_mark(mark, '#') && is_doc(group))
}

/// Whether a token is part of a silent attribute inside a macro, which keeps its attributes as tokens.
fn is_silent(tokens: &[TokenTree], place: usize) -> bool {
    let begin = if is_mark(&tokens[place], '#') {
        place
    } else {
        place.wrapping_sub(1)
    };
    let (Some(mark), Some(TokenTree::Group(group))) =
        (tokens.get(begin), tokens.get(begin.wrapping_add(1)))
    else {
        return false;
    };
    let name = group.stream().into_iter().next();
    let silent =
        matches!(name, Some(TokenTree::Ident(name)) if SILENT.iter().any(|known| name == known));
    is_mark(mark, '#') && group.delimiter() == Delimiter::Bracket && silent
}

/// Whether a group behind these tokens holds arguments, so that a comma at its end means nothing.
fn is_call(before: &[TokenTree]) -> bool {
    match before.last() {
        Some(TokenTree::Ident(name)) => syn::parse_str::<syn::Ident>(&name.to_string()).is_ok(),
        last => last.is_some_and(|last| is_mark(last, '!')),
    }
}

/// Whether the literals of a group are a message: those of `tracing::warn!(...)`, `panic!(...)`, `unreachable!(...)` and `.expect("...")`.
fn is_message(before: &[TokenTree], length: usize) -> bool {
    match before {
        [.., TokenTree::Ident(name), mark] if is_mark(mark, '!') => {
            let traces =
                matches!(before, [.., TokenTree::Ident(from), _, _, _, _] if from == "tracing");
            let traces = traces && TRACING.iter().any(|known| name == known);
            traces || name == "panic" || name == "unreachable"
        }
        [.., mark, TokenTree::Ident(name)] => is_mark(mark, '.') && name == "expect" && length == 1,
        _ => false,
    }
}

pub(crate) fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == mark)
}
