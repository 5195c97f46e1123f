//! From inputs to what a key is made from.

use serde_json::Value;
use store::Preimage;

use super::inputs::Planned;
use crate::code;

/// What a key is made from: every value of the inputs by its dotted path, the code, with that of each plug-in that the inputs name, and the
/// shape of the tables.
pub(super) fn preimage<I: Planned>(inputs: &I, fingerprint: &str) -> Preimage {
    let digest =
        |unit: &str| code::digest(unit).expect("build.rs makes a digest for every unit of code");
    let units = inputs.code();
    let mut builder = Preimage::builder(I::KIND.name())
        .code(digest(units[0]))
        .input("schema", fingerprint);
    for unit in &units[1..] {
        builder = builder.input(format!("code.{unit}"), digest(unit));
    }
    let value =
        serde_json::to_value(inputs).expect("inputs have names for keys and finite numbers");
    let mut leaves = Vec::new();
    flatten(String::new(), value, &mut leaves);
    for (path, leaf) in leaves {
        builder = match leaf {
            Leaf::Read(value) => builder.input(path, value),
            Leaf::Plugin { name, module } => {
                let code = builder.input(format!("code.{module}"), digest(&module));
                code.setting(path, name)
            }
            Leaf::Value(value) => match path.strip_prefix("names.") {
                Some(name) => builder.name(name.to_owned(), value),
                None => builder.setting(path, value),
            },
        };
    }
    builder.build()
}

/// A part of inputs.
enum Leaf {
    /// What is read of a file or of an earlier table: a digest, or the value itself.
    Read(Value),
    /// Code of which there are several, by its name in pipeline.toml and the module that holds it.
    Plugin {
        name: Value,
        module: String,
    },
    Value(Value),
}

fn flatten(path: String, value: Value, leaves: &mut Vec<(String, Leaf)>) {
    match value {
        Value::Object(mut fields) if fields.len() == 1 && fields.contains_key("digest") => {
            let digest = fields.remove("digest").unwrap_or_default();
            leaves.push((path, Leaf::Read(digest)));
        }
        Value::Object(mut fields)
            if fields.contains_key("plugin") && fields.contains_key("module") =>
        {
            let name = fields.remove("plugin").unwrap_or_default();
            let module = fields.remove("module").unwrap_or_default();
            let module = module.as_str().unwrap_or_default().to_owned();
            for (setting, value) in fields {
                flatten(format!("{path}.{setting}"), value, leaves);
            }
            leaves.push((path, Leaf::Plugin { name, module }));
        }
        Value::Object(mut fields)
            if fields.contains_key("table") && fields.contains_key("part") =>
        {
            let name = |of: &str| fields[of].as_str().unwrap_or_default().to_owned();
            let path = format!("{}.{}", name("table"), name("part"));
            let value = fields.remove("value").unwrap_or_default();
            leaves.push((path, Leaf::Read(value)));
        }
        Value::Object(fields) if !fields.is_empty() => {
            for (name, value) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(format!("{path}{dot}{name}"), value, leaves);
            }
        }
        value => leaves.push((path, Leaf::Value(value))),
    }
}
