//! The messages of an ONNX file that matter here, by the numbers that `onnx.proto` gives their fields.

use super::wire::{Field, Fields, Packed};

/// Texts of a list in one node: more are of no network that a person made.
const MOST_PARTS: usize = 1024;

/// Numbers of `AttributeProto.AttributeType` that hold a graph.
const GRAPHS: [i64; 2] = [5, 10];

/// A file as a whole: `ModelProto`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Model<'a> {
    /// `GraphProto`.
    pub(super) graph: &'a [u8],
    /// The version of the standard operators.
    pub(super) opset: i64,
    pub(super) producer: &'a str,
    pub(super) producer_version: &'a str,
    /// Whether nodes may call functions of the file.
    pub(super) has_functions: bool,
}

impl<'a> Model<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut model = Self::default();
        let mut graph = None;
        for field in Fields(bytes) {
            match field? {
                (2, text) => model.producer = text.text()?,
                (3, text) => model.producer_version = text.text()?,
                (7, bytes) => graph = Some(bytes.bytes()?),
                (8, bytes) => {
                    let (domain, version) = opset(bytes.bytes()?)?;
                    if is_standard(domain) {
                        model.opset = version;
                    }
                }
                (25, _) => model.has_functions = true,
                _ => {}
            }
        }
        model.graph = graph.ok_or("it has no graph")?;
        Ok(model)
    }
}

fn opset(bytes: &[u8]) -> Result<(&str, i64), String> {
    let (mut domain, mut version) = ("", 0);
    for field in Fields(bytes) {
        match field? {
            (1, text) => domain = text.text()?,
            (2, number) => version = number.int()?,
            _ => {}
        }
    }
    Ok((domain, version))
}

/// Whether operators of a domain are those that ONNX itself defines.
pub(super) fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// A part of a graph.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Node(&'a [u8]),
    Initializer(&'a [u8]),
    SparseInitializer,
    Input(&'a [u8]),
    Output(&'a [u8]),
}

/// The parts of a graph in the order of the file.
pub(super) fn parts<'a>(graph: &'a [u8]) -> impl Iterator<Item = Result<Part<'a>, String>> {
    let part = |field: Result<(u32, Field<'a>), String>| {
        let (number, field) = match field {
            Ok(field) => field,
            Err(reason) => return Some(Err(reason)),
        };
        let make: fn(&'a [u8]) -> Part<'a> = match number {
            1 => Part::Node,
            5 => Part::Initializer,
            11 => Part::Input,
            12 => Part::Output,
            15 => |_| Part::SparseInitializer,
            _ => return None,
        };
        Some(field.bytes().map(make))
    };
    Fields(graph).filter_map(part)
}

/// An operator applied: `NodeProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) operator: &'a str,
    pub(super) domain: &'a str,
    pub(super) name: &'a str,
    /// Empty texts stand for what is left out.
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    /// `AttributeProto`.
    pub(super) attributes: Vec<&'a [u8]>,
    /// The module paths that PyTorch notes, as a list in Python's notation.
    pub(super) scopes: Option<&'a str>,
}

impl<'a> Node<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut node = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, text) => push(&mut node.inputs, text.text()?)?,
                (2, text) => push(&mut node.outputs, text.text()?)?,
                (3, text) => node.name = text.text()?,
                (4, text) => node.operator = text.text()?,
                (5, bytes) => push(&mut node.attributes, bytes.bytes()?)?,
                (7, text) => node.domain = text.text()?,
                (9, bytes) => {
                    let (key, value) = entry(bytes.bytes()?)?;
                    if key == "pkg.torch.onnx.name_scopes" {
                        node.scopes = Some(value);
                    }
                }
                _ => {}
            }
        }
        Ok(node)
    }

    pub(super) fn attribute(&self, name: &str) -> Result<Option<Attribute<'a>>, String> {
        for bytes in &self.attributes {
            let attribute = Attribute::read(bytes)?;
            if attribute.name == name {
                return Ok(Some(attribute));
            }
        }
        Ok(None)
    }

    /// Whether an attribute holds a graph, as those of control flow do.
    pub(super) fn holds_graph(&self) -> bool {
        let kind = |bytes: &&[u8]| Attribute::read(bytes).map(|attribute| attribute.kind);
        self.attributes
            .iter()
            .any(|bytes| kind(bytes).is_ok_and(|kind| GRAPHS.contains(&kind)))
    }
}

fn push<T>(list: &mut Vec<T>, item: T) -> Result<(), String> {
    if list.len() == MOST_PARTS {
        return Err(format!(
            "a node has more than {MOST_PARTS} inputs, outputs or attributes"
        ));
    }
    list.push(item);
    Ok(())
}

/// `StringStringEntryProto`.
pub(super) fn entry(bytes: &[u8]) -> Result<(&str, &str), String> {
    let (mut key, mut value) = ("", "");
    for field in Fields(bytes) {
        match field? {
            (1, text) => key = text.text()?,
            (2, text) => value = text.text()?,
            _ => {}
        }
    }
    Ok((key, value))
}

/// A constant argument of an operator: `AttributeProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    kind: i64,
    real: f32,
    int: i64,
    text: &'a [u8],
    tensor: Option<&'a [u8]>,
    /// The whole, from which lists are read when they are asked for.
    bytes: &'a [u8],
}

impl<'a> Attribute<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut attribute = Self {
            bytes,
            ..Self::default()
        };
        for field in Fields(bytes) {
            match field? {
                (1, text) => attribute.name = text.text()?,
                (2, real) => attribute.real = real.real()?,
                (3, number) => attribute.int = number.int()?,
                (4, bytes) => attribute.text = bytes.bytes()?,
                (5, bytes) => attribute.tensor = Some(bytes.bytes()?),
                (20, number) => attribute.kind = number.int()?,
                _ => {}
            }
        }
        Ok(attribute)
    }

    fn is(&self, kind: i64, what: &str) -> Result<(), String> {
        // Early files leave the type out.
        if self.kind == kind || self.kind == 0 {
            Ok(())
        } else {
            Err(format!("its attribute `{}` is not {what}", self.name))
        }
    }

    pub(super) fn real(&self) -> Result<f64, String> {
        self.is(1, "a real number").map(|()| f64::from(self.real))
    }

    pub(super) fn int(&self) -> Result<i64, String> {
        self.is(2, "an integer").map(|()| self.int)
    }

    pub(super) fn text(&self) -> Result<&'a str, String> {
        self.is(3, "a text")?;
        std::str::from_utf8(self.text)
            .map_err(|_| format!("its attribute `{}` is not UTF-8", self.name))
    }

    /// `TensorProto`.
    pub(super) fn tensor(&self) -> Result<&'a [u8], String> {
        self.is(4, "a tensor")?;
        self.tensor
            .ok_or_else(|| format!("its attribute `{}` is empty", self.name))
    }

    pub(super) fn ints(&self) -> Result<Vec<i64>, String> {
        self.is(7, "a list of integers")?;
        let mut ints = Vec::new();
        for field in Fields(self.bytes) {
            match field? {
                (8, Field::Bytes(packed)) => {
                    for number in Packed(packed) {
                        push(&mut ints, number? as i64)?;
                    }
                }
                (8, number) => push(&mut ints, number.int()?)?,
                _ => {}
            }
        }
        Ok(ints)
    }

    pub(super) fn reals(&self) -> Result<Vec<f64>, String> {
        self.is(6, "a list of real numbers")?;
        let mut reals = Vec::new();
        for field in Fields(self.bytes) {
            match field? {
                (7, Field::Bytes(packed)) => {
                    for number in packed.as_chunks::<4>().0 {
                        push(&mut reals, f64::from(f32::from_le_bytes(*number)))?;
                    }
                }
                (7, number) => push(&mut reals, f64::from(number.real()?))?,
                _ => {}
            }
        }
        Ok(reals)
    }
}

/// A length of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length<'a> {
    Fixed(i64),
    Named(&'a str),
    Unknown,
}

/// An input or output: `ValueInfoProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Info<'a> {
    pub(super) name: &'a str,
    /// A number of `TensorProto.DataType`; 0 where it is no tensor.
    pub(super) data_type: i64,
    /// None where not even the number of axes is stated.
    pub(super) shape: Option<Vec<Length<'a>>>,
}

impl<'a> Info<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut info = Self::default();
        let mut tensor = None;
        for field in Fields(bytes) {
            match field? {
                (1, text) => info.name = text.text()?,
                (2, bytes) => tensor = inner(bytes.bytes()?, 1)?,
                _ => {}
            }
        }
        for field in Fields(tensor.unwrap_or_default()) {
            match field? {
                (1, number) => info.data_type = number.int()?,
                (2, bytes) => info.shape = Some(shape(bytes.bytes()?)?),
                _ => {}
            }
        }
        Ok(info)
    }
}

/// The field `wanted` of a message.
fn inner(bytes: &[u8], wanted: u32) -> Result<Option<&[u8]>, String> {
    for field in Fields(bytes) {
        let (number, field) = field?;
        if number == wanted {
            return field.bytes().map(Some);
        }
    }
    Ok(None)
}

fn shape(bytes: &[u8]) -> Result<Vec<Length<'_>>, String> {
    let mut shape = Vec::new();
    for field in Fields(bytes) {
        let (1, bytes) = field? else {
            continue;
        };
        let mut length = Length::Unknown;
        for field in Fields(bytes.bytes()?) {
            match field? {
                (1, number) => length = Length::Fixed(number.int()?),
                (2, text) => length = Length::Named(text.text()?),
                _ => {}
            }
        }
        push(&mut shape, length)?;
    }
    Ok(shape)
}

/// Numbers: `TensorProto`.
#[derive(Clone, Debug, Default)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) dims: Vec<i64>,
    /// A number of `TensorProto.DataType`.
    pub(super) data_type: i64,
    pub(super) raw: Option<&'a [u8]>,
    /// Fields that hold numbers one by one: how often there is one, the last of them with its number.
    pub(super) typed: Option<(u32, Field<'a>)>,
    pub(super) typed_fields: usize,
    pub(super) is_outside: bool,
    pub(super) location: &'a str,
    pub(super) offset: u64,
    pub(super) length: Option<u64>,
}

impl<'a> Tensor<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, String> {
        let mut tensor = Self::default();
        for field in Fields(bytes) {
            match field? {
                (1, Field::Bytes(packed)) => {
                    for number in Packed(packed) {
                        push(&mut tensor.dims, number? as i64)?;
                    }
                }
                (1, number) => push(&mut tensor.dims, number.int()?)?,
                (2, number) => tensor.data_type = number.int()?,
                (8, text) => tensor.name = text.text()?,
                (9, bytes) => tensor.raw = Some(bytes.bytes()?),
                (13, bytes) => {
                    let (key, value) = entry(bytes.bytes()?)?;
                    let count = || {
                        value
                            .parse()
                            .map_err(|_| format!("the {key} of numbers outside of it is `{value}`"))
                    };
                    match key {
                        "location" => tensor.location = value,
                        "offset" => tensor.offset = count()?,
                        "length" => tensor.length = Some(count()?),
                        _ => {}
                    }
                }
                (14, number) => tensor.is_outside = number.int()? == 1,
                (number @ (4 | 5 | 6 | 7 | 10 | 11), field) => {
                    tensor.typed = Some((number, field));
                    tensor.typed_fields += 1;
                }
                _ => {}
            }
        }
        Ok(tensor)
    }

    /// The fields with its numbers one by one.
    pub(super) fn typed(bytes: &'a [u8]) -> impl Iterator<Item = Result<(u32, Field<'a>), String>> {
        Fields(bytes).filter(
            |field| !matches!(field, Ok((number, _)) if !matches!(number, 4 | 5 | 6 | 7 | 10 | 11)),
        )
    }
}
