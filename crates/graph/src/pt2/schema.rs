//! The content of `models/model.json`: the schema of `torch._export.serde`, major version 8, as far as it is needed.
//!
//! Text is borrowed from the file, and nodes are handed on one by one, so that a file of many small parts takes little memory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Names in one argument that are accepted: no operator of an image classifier takes more.
const LONGEST_LIST: usize = 4096;

/// Axes of a tensor, or numbers in one argument, that are accepted. Shapes are kept for every operator, so a long one would take much more memory
/// than its text.
const MOST_AXES: usize = 64;

/// Characters in the path of a module.
const LONGEST_PATH: usize = 1024;

/// A text of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

impl std::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::borrow::Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Texts)
    }
}

/// The version alone.
#[derive(Deserialize)]
pub(super) struct Versioned {
    pub(super) schema_version: Version,
}

#[derive(Deserialize)]
pub(super) struct Version {
    pub(super) major: i64,
    pub(super) minor: i64,
}

/// Everything but the nodes.
#[derive(Deserialize)]
pub(super) struct Program<'a> {
    #[serde(borrow)]
    pub(super) graph_module: GraphModule<'a>,
    #[serde(borrow, default)]
    pub(super) torch_version: Option<Text<'a>>,
    pub(super) schema_version: Version,
}

#[derive(Deserialize)]
pub(super) struct GraphModule<'a> {
    #[serde(borrow)]
    pub(super) graph: Graph<'a>,
    #[serde(borrow)]
    pub(super) signature: Signature<'a>,
    #[serde(borrow, default)]
    pub(super) module_call_graph: Calls<'a>,
}

#[derive(Deserialize)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Count,
    #[serde(borrow)]
    pub(super) tensor_values: BTreeMap<Text<'a>, Meta<'a>>,
    #[serde(borrow, default)]
    pub(super) sym_int_values: BTreeMap<Text<'a>, Size<'a>>,
}

/// What is known of a tensor.
#[derive(Deserialize)]
pub(super) struct Meta<'a> {
    pub(super) dtype: i64,
    #[serde(borrow, deserialize_with = "axes")]
    pub(super) sizes: Vec<Size<'a>>,
    #[serde(borrow, deserialize_with = "axes")]
    pub(super) strides: Vec<Size<'a>>,
    #[serde(borrow)]
    pub(super) storage_offset: Size<'a>,
}

/// A length, or the formula of one.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum Size<'a> {
    #[serde(rename = "as_int")]
    Int(i64),
    #[serde(rename = "as_expr", borrow)]
    Formula(Formula<'a>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Formula<'a> {
    pub(super) expr_str: &'a str,
}

#[derive(Deserialize)]
pub(super) struct Signature<'a> {
    #[serde(borrow)]
    pub(super) input_specs: Vec<Input<'a>>,
    #[serde(borrow)]
    pub(super) output_specs: Vec<Output<'a>>,
}

/// What a value is before the first node.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Input<'a> {
    #[serde(rename = "user_input", borrow)]
    User(UserInput<'a>),
    #[serde(borrow)]
    Parameter(Parameter<'a>),
    #[serde(borrow)]
    Buffer(Buffer<'a>),
    #[serde(borrow)]
    TensorConstant(Constant<'a>),
    CustomObj(IgnoredAny),
    Token(IgnoredAny),
    #[serde(rename = "constant_input")]
    Constant(IgnoredAny),
}

#[derive(Deserialize)]
pub(super) struct UserInput<'a> {
    #[serde(borrow)]
    pub(super) arg: Argument<'a>,
}

#[derive(Deserialize)]
pub(super) struct Parameter<'a> {
    #[serde(borrow)]
    pub(super) arg: Named<'a>,
    #[serde(borrow)]
    pub(super) parameter_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Buffer<'a> {
    #[serde(borrow)]
    pub(super) arg: Named<'a>,
    #[serde(borrow)]
    pub(super) buffer_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Constant<'a> {
    #[serde(borrow)]
    pub(super) arg: Named<'a>,
    #[serde(borrow)]
    pub(super) tensor_constant_name: Text<'a>,
}

#[derive(Deserialize)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
}

/// What a value is after the last node; all but what the network returns are effects beside it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Output<'a> {
    #[serde(rename = "user_output", borrow)]
    User(UserInput<'a>),
    #[serde(rename = "loss_output")]
    Loss(IgnoredAny),
    BufferMutation(IgnoredAny),
    GradientToParameter(IgnoredAny),
    GradientToUserInput(IgnoredAny),
    UserInputMutation(IgnoredAny),
    ParameterMutation(IgnoredAny),
    Token(IgnoredAny),
}

/// How the whole network is called: the first entry of the list of modules.
#[derive(Default)]
pub(super) struct Calls<'a>(pub(super) Option<Text<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Calls<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Entry<'a> {
            #[serde(borrow, default)]
            signature: Option<Called<'a>>,
        }
        #[derive(Deserialize)]
        struct Called<'a> {
            #[serde(borrow)]
            out_spec: Text<'a>,
        }
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = Calls<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of modules")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Calls<'de>, A::Error> {
                let first: Option<Entry<'de>> = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                let signature = first.and_then(|entry| entry.signature);
                Ok(Calls(signature.map(|called| called.out_spec)))
            }
        }
        deserializer.deserialize_seq(First)
    }
}

/// How many items a list has.
pub(super) struct Count(pub(super) usize);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Count;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of nodes")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Count, A::Error> {
                let mut count = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    count += 1;
                }
                Ok(Count(count))
            }
        }
        deserializer.deserialize_seq(Items)
    }
}

/// An operator applied.
#[derive(Deserialize)]
pub(super) struct Node<'a> {
    #[serde(borrow)]
    pub(super) target: Text<'a>,
    #[serde(borrow)]
    pub(super) inputs: Vec<NamedArgument<'a>>,
    #[serde(borrow)]
    pub(super) outputs: Vec<Argument<'a>>,
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    nn_module_stack: Option<Text<'a>>,
}

impl Node<'_> {
    /// The path of the innermost module that asked for it. The stack has `key,path,class` for each module, outermost first.
    pub(super) fn module(&self) -> &str {
        let stack = self.metadata.nn_module_stack.as_deref().unwrap_or("");
        let innermost = stack.rsplit(';').next().unwrap_or("");
        let path = innermost.split(',').nth(1).unwrap_or("");
        if path.starts_with("_empty_nn_module_stack") || path.len() > LONGEST_PATH {
            // What torch.export itself adds, outside all modules; or what no network has.
            ""
        } else {
            path
        }
    }
}

#[derive(Deserialize)]
pub(super) struct NamedArgument<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) arg: Argument<'a>,
}

/// An argument or a result of an operator.
#[derive(Clone, Debug)]
pub(super) enum Argument<'a> {
    None,
    Tensor(Text<'a>),
    Tensors(Vec<Option<Text<'a>>>),
    Int(i64),
    /// An integer under a name.
    SymInt(Text<'a>),
    Ints(Vec<Integer<'a>>),
    Float(f64),
    Floats(Vec<f64>),
    Bool(bool),
    Text(Text<'a>),
    Kind(i64),
    /// A kind of argument that no known operator needs.
    Other,
}

/// The names of all tensors in arguments or results.
pub(super) fn tensor_names<'n, 'a: 'n>(
    arguments: impl IntoIterator<Item = &'n Argument<'a>>,
) -> impl Iterator<Item = &'n Text<'a>> {
    let names = |argument: &'n Argument<'a>| {
        let (one, several) = match argument {
            Argument::Tensor(name) => (Some(name), &[][..]),
            Argument::Tensors(names) => (None, &names[..]),
            _ => (None, &[][..]),
        };
        one.into_iter().chain(several.iter().flatten())
    };
    arguments.into_iter().flat_map(names)
}

/// An integer, or the name of one.
#[derive(Clone, Debug)]
pub(super) enum Integer<'a> {
    Fixed(i64),
    Named(Text<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Argument<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Arguments;
        impl<'de> Visitor<'de> for Arguments {
            type Value = Argument<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an argument")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Argument<'de>, A::Error> {
                let Some(key) = map.next_key::<Text<'de>>()? else {
                    return Err(A::Error::custom("an argument is empty"));
                };
                let argument = argument(&key, &mut map)?;
                if map.next_key::<IgnoredAny>()?.is_some() {
                    return Err(A::Error::custom("an argument has two values"));
                }
                Ok(argument)
            }
        }
        deserializer.deserialize_map(Arguments)
    }
}

fn argument<'de, A: MapAccess<'de>>(
    key: &Text<'de>,
    map: &mut A,
) -> Result<Argument<'de>, A::Error> {
    Ok(match &**key {
        "as_none" => {
            map.next_value::<IgnoredAny>()?;
            Argument::None
        }
        "as_tensor" => Argument::Tensor(map.next_value::<Named<'de>>()?.name),
        "as_tensors" => {
            let List(tensors) = map.next_value::<List<Named<'de>, LONGEST_LIST>>()?;
            Argument::Tensors(tensors.into_iter().map(|named| Some(named.name)).collect())
        }
        "as_optional_tensors" => {
            let List(tensors) = map.next_value::<List<Optional<'de>, LONGEST_LIST>>()?;
            Argument::Tensors(tensors.into_iter().map(Optional::name).collect())
        }
        "as_optional_tensor" => match map.next_value::<Optional<'de>>()?.name() {
            Some(name) => Argument::Tensor(name),
            None => Argument::None,
        },
        "as_int" => Argument::Int(map.next_value()?),
        "as_sym_int" => match map.next_value::<Integer<'de>>()? {
            Integer::Fixed(value) => Argument::Int(value),
            Integer::Named(name) => Argument::SymInt(name),
        },
        "as_ints" => {
            let List(values) = map.next_value::<List<i64, MOST_AXES>>()?;
            Argument::Ints(values.into_iter().map(Integer::Fixed).collect())
        }
        "as_sym_ints" => Argument::Ints(map.next_value::<List<Integer<'de>, MOST_AXES>>()?.0),
        "as_float" => Argument::Float(map.next_value::<Real>()?.0),
        "as_floats" => {
            let List(values) = map.next_value::<List<Real, MOST_AXES>>()?;
            Argument::Floats(values.into_iter().map(|Real(value)| value).collect())
        }
        "as_bool" => Argument::Bool(map.next_value()?),
        "as_string" => Argument::Text(map.next_value()?),
        "as_scalar_type" => Argument::Kind(map.next_value()?),
        _ => {
            map.next_value::<IgnoredAny>()?;
            Argument::Other
        }
    })
}

#[derive(Deserialize)]
enum Optional<'a> {
    #[serde(rename = "as_tensor", borrow)]
    Tensor(Named<'a>),
    #[serde(rename = "as_none")]
    None(IgnoredAny),
}

impl<'a> Optional<'a> {
    fn name(self) -> Option<Text<'a>> {
        match self {
            Self::Tensor(named) => Some(named.name),
            Self::None(_) => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Integer<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        enum Either<'a> {
            #[serde(rename = "as_int")]
            Fixed(i64),
            #[serde(rename = "as_name", borrow)]
            Named(Text<'a>),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Fixed(value) => Self::Fixed(value),
            Either::Named(name) => Self::Named(name),
        })
    }
}

/// A real number; JSON has no infinities, which torch.export writes as texts.
struct Real(f64);

impl<'de> Deserialize<'de> for Real {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reals;
        impl Visitor<'_> for Reals {
            type Value = Real;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number")
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Real, E> {
                Ok(Real(value))
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Real, E> {
                Ok(Real(value as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Real, E> {
                match text {
                    "Infinity" => Ok(Real(f64::INFINITY)),
                    "-Infinity" => Ok(Real(f64::NEG_INFINITY)),
                    "NaN" => Ok(Real(f64::NAN)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Reals)
    }
}

/// A list of at most so many items.
struct List<T, const MOST: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const MOST: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a list of at most {MOST} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T, MOST>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    if items.len() == MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                    items.push(item);
                }
                Ok(List(items))
            }
        }
        deserializer.deserialize_seq(Items(std::marker::PhantomData))
    }
}

fn axes<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Size<'a>>, D::Error> {
    let List(sizes) = List::<Size<'a>, MOST_AXES>::deserialize(deserializer)?;
    Ok(sizes)
}

/// Which file holds the numbers of each tensor, and how.
#[derive(Deserialize)]
pub(super) struct Payloads<'a> {
    #[serde(borrow)]
    pub(super) config: BTreeMap<Text<'a>, Payload<'a>>,
}

#[derive(Deserialize)]
pub(super) struct Payload<'a> {
    #[serde(borrow)]
    pub(super) path_name: Text<'a>,
    pub(super) use_pickle: bool,
    #[serde(borrow, default)]
    pub(super) tensor_meta: Option<Meta<'a>>,
}

/// Hands each node of `models/model.json` to `each`.
pub(super) fn nodes<'a>(
    json: &'a [u8],
    mut each: impl FnMut(&Node<'a>),
) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let nodes = Each(&mut each);
    Within("graph_module", Within("graph", Within("nodes", nodes))).deserialize(&mut reader)
}

/// The value of one key of an object; the others are skipped.
struct Within<S>(&'static str, S);

impl<'de, S: DeserializeSeed<'de, Value = ()>> DeserializeSeed<'de> for Within<S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de, Value = ()>> Visitor<'de> for Within<S> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object with `{}`", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(wanted, seed) = self;
        let mut seed = Some(seed);
        while let Some(key) = map.next_key::<Text<'de>>()? {
            match seed.take_if(|_| &*key == wanted) {
                Some(seed) => map.next_value_seed(seed)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

struct Each<F>(F);

impl<'de, F: FnMut(&Node<'de>)> DeserializeSeed<'de> for Each<&mut F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&Node<'de>)> Visitor<'de> for Each<&mut F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(node) = list.next_element()? {
            (self.0)(&node);
        }
        Ok(())
    }
}
