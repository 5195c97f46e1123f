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

/// Takes out tests, documentation, lint attributes, and the trailing commas that come and go with line breaks.
pub(crate) struct Strip;

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
        syn::visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block
            .stmts
            .retain_mut(|statement| !is_test(|first| first.visit_stmt_mut(statement)));
        syn::visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        call.args.pop_punct();
        syn::visit_mut::visit_expr_call_mut(self, call);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        call.args.pop_punct();
        syn::visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
        signature.inputs.pop_punct();
        syn::visit_mut::visit_signature_mut(self, signature);
    }

    fn visit_generics_mut(&mut self, generics: &mut syn::Generics) {
        generics.params.pop_punct();
        syn::visit_mut::visit_generics_mut(self, generics);
    }
}
/// The tokens that count, whose text depends on neither spaces nor line breaks nor trailing commas nor messages.
pub(crate) fn counting(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let counting = |(place, token): (usize, &TokenTree)| match token {
        TokenTree::Group(group) => {
            let inner = without_trailing_comma(group);
            let message = is_message(&tokens[..place], inner.len());
            let inner = inner
                .into_iter()
                .filter(|token| !message || !is_literal(token));
            Group::new(group.delimiter(), counting(inner.collect())).into()
        }
        other => other.clone(),
    };
    tokens.iter().enumerate().map(counting).collect()
}

/// Whether the literals of a group are a message: those of `tracing::warn!(...)`, `panic!(...)`, `unreachable!(...)` and `.expect("...")`.
fn is_message(before: &[TokenTree], length: usize) -> bool {
    match before {
        [.., TokenTree::Ident(name), TokenTree::Punct(mark)] if mark.as_char() == '!' => {
            let traces =
                matches!(before, [.., TokenTree::Ident(from), _, _, _, _] if from == "tracing");
            name == "panic"
                || name == "unreachable"
                || traces && TRACING.iter().any(|known| name == known)
        }
        [.., TokenTree::Punct(mark), TokenTree::Ident(name)] => {
            mark.as_char() == '.' && name == "expect" && length == 1
        }
        _ => false,
    }
}

fn is_literal(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Literal(_))
}

/// The group's content; `(a,)` keeps its comma, which makes it a tuple.
fn without_trailing_comma(group: &Group) -> Vec<TokenTree> {
    let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let commas = tokens.iter().filter(|token| comma(token)).count();
    let tuple = group.delimiter() == Delimiter::Parenthesis && commas == 1;
    if tokens.len() > 1 && !tuple && tokens.last().is_some_and(comma) {
        tokens.pop();
    }
    tokens
}
