//! Reads the pickles of `torch.save` as data: tensors, containers, text and numbers.
//!
//! A pickle is a program for a stack machine that may call any function of Python. Here it may ask for the few names of
//! [`Class`] only, each of which is a constructor that this file carries out itself; every other name ends the reading.
//! Values lie in one list and refer to each other by their place there, so that neither depth nor rings can do harm.

use std::collections::BTreeMap;

use safetensors::Dtype;

use super::Refusal;

/// Operations, values and items of constructed containers that a pickle may have for each of its bytes: honest ones have at most two, because
/// each operation takes a byte or more to write, and only a hostile one copies a container again and again.
const ITEMS_PER_BYTE: usize = 4;
/// Most of them in all, which bounds the memory for a large pickle; a network of 1000 tensors has less than 100,000.
const MOST_ITEMS: usize = 1 << 21;
/// More sides than any tensor has.
const MOST_SIDES: usize = 64;
/// Arguments of a constructor that are looked at.
const MOST_ARGUMENTS: usize = 8;

/// The place of a value in its [`Pickle`].
pub(crate) type Place = usize;

/// The names that a pickle may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    OrderedDict,
    Size,
    RebuildTensor,
    RebuildParameter,
    Storage(Dtype),
}

impl Class {
    fn named(module: &str, name: &str) -> Option<Self> {
        let dtype = match (module, name) {
            ("collections", "OrderedDict") => return Some(Self::OrderedDict),
            ("torch", "Size") => return Some(Self::Size),
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => {
                return Some(Self::RebuildTensor);
            }
            ("torch._utils", "_rebuild_parameter") => return Some(Self::RebuildParameter),
            ("torch", "DoubleStorage") => Dtype::F64,
            ("torch", "FloatStorage") => Dtype::F32,
            ("torch", "HalfStorage") => Dtype::F16,
            ("torch", "BFloat16Storage") => Dtype::BF16,
            ("torch", "LongStorage") => Dtype::I64,
            ("torch", "IntStorage") => Dtype::I32,
            ("torch", "ShortStorage") => Dtype::I16,
            ("torch", "CharStorage") => Dtype::I8,
            ("torch", "ByteStorage") => Dtype::U8,
            ("torch", "BoolStorage") => Dtype::BOOL,
            _ => return None,
        };
        Some(Self::Storage(dtype))
    }
}

/// A run of numbers outside the pickle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Storage {
    /// Its name in the file, a text.
    pub key: Place,
    pub dtype: Dtype,
    /// Numbers in it.
    pub length: usize,
}

/// A window into a storage; offset and strides are counted in numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub storage: Storage,
    pub offset: usize,
    pub shape: Vec<usize>,
    pub strides: Vec<usize>,
}

/// A value; those inside it are given by their places.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// An integer outside 64 bits, little-endian.
    Long(Vec<u8>),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    Tuple(Vec<Place>),
    List(Vec<Place>),
    Dict(Vec<(Place, Place)>),
    Class(Class),
    Storage(Storage),
    Tensor(View),
}

/// All values of a pickle.
#[derive(Debug)]
pub(crate) struct Pickle {
    values: Vec<Value>,
    root: Place,
}

impl Pickle {
    /// Reads the pickle that begins at byte `start` of a file, or of an entry of one; gives also where it ends.
    pub(crate) fn read(bytes: &[u8], start: usize) -> Result<(Self, usize), Refusal> {
        let mut machine = Machine::new(bytes, start);
        let root = machine.run().map_err(|stop| match stop {
            Stop::Stranger(name) => Refusal::Stranger(name),
            Stop::Malformed(reason) => {
                Refusal::damaged(format!("byte {} of the pickled data: {reason}", machine.at))
            }
        })?;
        let pickle = Self {
            values: machine.values,
            root,
        };
        Ok((pickle, machine.at))
    }

    /// What the pickle is of.
    pub(crate) fn root(&self) -> &Value {
        self.value(self.root)
    }

    pub(crate) fn value(&self, place: Place) -> &Value {
        &self.values[place]
    }

    /// A value that is a text.
    pub(crate) fn text(&self, place: Place) -> Option<&str> {
        match self.value(place) {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Everything that the pickle holds, at any depth.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }
}

enum Stop {
    Stranger(String),
    Malformed(String),
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Malformed(reason.into()))
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    values: Vec<Value>,
    stack: Vec<Place>,
    /// Heights of the stack at the marks that are open.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Place>,
    /// Operations, values and items that there may still be.
    items: usize,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8], start: usize) -> Self {
        Self {
            bytes,
            at: start,
            items: bytes.len().saturating_mul(ITEMS_PER_BYTE).min(MOST_ITEMS),
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
        }
    }

    fn run(&mut self) -> Result<Place, Stop> {
        loop {
            let operation = self.byte()?;
            self.charge(1)?;
            if operation == b'.' {
                return self.pop();
            }
            self.step(operation)?;
        }
    }

    /// One operation, by its code in Python's pickletools: those of protocols 2 to 4 that data is written with.
    fn step(&mut self, operation: u8) -> Result<(), Stop> {
        match operation {
            0x80 => self.take(1).map(|_| ()), // PROTO
            0x95 => self.take(8).map(|_| ()), // FRAME
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'K' | b'M' | b'J' | 0x8a | 0x8b => self.integer(operation),
            b'G' => {
                let value = f64::from_be_bytes(self.array()?);
                self.push(Value::Float(value))
            }
            b'X' | 0x8c | 0x8d | b'U' | b'T' => self.text(operation),
            b'B' | b'C' | 0x8e => self.raw(operation),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            b't' | 0x85..=0x87 => self.tuple(operation),
            b's' | b'u' | b'a' | b'e' => self.fill(operation),
            b'q' | b'r' | 0x94 => self.memorise(operation),
            b'h' | b'j' => self.recall(operation),
            b'c' | 0x93 => self.global(operation),
            b'R' => self.reduce(),
            b'b' => self.build(),
            b'Q' => self.persistent(),
            b'0' => self.pop().map(|_| ()),
            b'1' => self.since_mark().map(|_| ()),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            other => malformed(format!(
                "operation 0x{other:02x} is not one that tensors and containers are written with"
            )),
        }
    }

    fn integer(&mut self, operation: u8) -> Result<(), Stop> {
        let value = match operation {
            b'K' => i64::from(self.byte()?),
            b'M' => i64::from(u16::from_le_bytes(self.array()?)),
            b'J' => i64::from(i32::from_le_bytes(self.array()?)),
            _ => {
                let length = if operation == 0x8a {
                    self.byte()?.into()
                } else {
                    self.length4()?
                };
                return self.long(length);
            }
        };
        self.push(Value::Int(value))
    }

    /// An integer of `length` bytes, little-endian, two's complement.
    fn long(&mut self, length: usize) -> Result<(), Stop> {
        let bytes = self.take(length)?;
        if length > 8 {
            return self.push(Value::Long(bytes.to_vec()));
        }
        let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
        let mut wide = [if negative { 0xff } else { 0 }; 8];
        wide[..length].copy_from_slice(bytes);
        self.push(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self, operation: u8) -> Result<(), Stop> {
        let length = match operation {
            b'U' | 0x8c => self.byte()?.into(),
            0x8d => self.length8()?,
            _ => self.length4()?,
        };
        match std::str::from_utf8(self.take(length)?) {
            Ok(text) => self.push(Value::Text(text.to_owned())),
            Err(_) => malformed("a text is not UTF-8"),
        }
    }

    fn raw(&mut self, operation: u8) -> Result<(), Stop> {
        let length = match operation {
            b'C' => self.byte()?.into(),
            0x8e => self.length8()?,
            _ => self.length4()?,
        };
        let bytes = self.take(length)?.to_vec();
        self.push(Value::Bytes(bytes))
    }

    fn tuple(&mut self, operation: u8) -> Result<(), Stop> {
        if operation == b't' {
            let items = self.since_mark()?;
            return self.push(Value::Tuple(items));
        }
        let count = usize::from(operation - 0x84);
        let start = self.stack.len().checked_sub(count);
        match start.filter(|&start| start >= self.floor()) {
            Some(start) => {
                let items = self.stack.split_off(start);
                self.push(Value::Tuple(items))
            }
            None => malformed("a tuple has more items than the stack"),
        }
    }

    /// Adds what lies on the stack to the container below it.
    fn fill(&mut self, operation: u8) -> Result<(), Stop> {
        let items = match operation {
            b'u' | b'e' => self.since_mark()?,
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                vec![key, value]
            }
            _ => vec![self.pop()?],
        };
        let container = self.top()?;
        match (&mut self.values[container], operation) {
            (Value::Dict(entries), b's' | b'u') => {
                let (pairs, rest) = items.as_chunks::<2>();
                if !rest.is_empty() {
                    return malformed("a dict has a key without a value");
                }
                entries.extend(pairs.iter().map(|&[key, value]| (key, value)));
            }
            (Value::List(list), b'a' | b'e') => list.extend(items),
            _ => return malformed("items are added to what is no container of theirs"),
        }
        Ok(())
    }

    fn memorise(&mut self, operation: u8) -> Result<(), Stop> {
        let index = match operation {
            b'q' => self.byte()?.into(),
            b'r' => u32::from_le_bytes(self.array()?),
            _ => self.memo.len() as u32,
        };
        let top = self.top()?;
        self.memo.insert(index, top);
        Ok(())
    }

    fn recall(&mut self, operation: u8) -> Result<(), Stop> {
        let index = match operation {
            b'h' => self.byte()?.into(),
            _ => u32::from_le_bytes(self.array()?),
        };
        match self.memo.get(&index) {
            Some(&place) => {
                self.stack.push(place);
                Ok(())
            }
            None => malformed(format!("value {index} is used before it is there")),
        }
    }

    fn global(&mut self, operation: u8) -> Result<(), Stop> {
        let (module, name) = if operation == b'c' {
            (self.line()?, self.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            let (Value::Text(module), Value::Text(name)) =
                (&self.values[module], &self.values[name])
            else {
                return malformed("a class is not named by text");
            };
            (module.clone(), name.clone())
        };
        match Class::named(&module, &name) {
            Some(class) => self.push(Value::Class(class)),
            None => Err(Stop::Stranger(format!("{module}.{name}"))),
        }
    }

    /// Calls a constructor with a tuple of arguments.
    fn reduce(&mut self) -> Result<(), Stop> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Value::Tuple(arguments) = &self.values[arguments] else {
            return malformed("arguments are no tuple");
        };
        let arguments: Vec<Place> = arguments.iter().copied().take(MOST_ARGUMENTS).collect();
        let Value::Class(class) = self.values[callee] else {
            return malformed("what is called is no constructor");
        };
        match class {
            Class::OrderedDict => {
                let entries = match arguments.first() {
                    None => Vec::new(),
                    Some(&pairs) => self.pairs(pairs)?,
                };
                self.charge(entries.len())?;
                self.push(Value::Dict(entries))
            }
            Class::Size => match arguments.first() {
                Some(&sides) if matches!(self.values[sides], Value::Tuple(_)) => {
                    self.stack.push(sides);
                    Ok(())
                }
                _ => malformed("a size is not made of a tuple"),
            },
            Class::RebuildTensor => {
                let view = self.view(&arguments)?;
                self.push(Value::Tensor(view))
            }
            // A parameter is its tensor.
            Class::RebuildParameter => match arguments.first() {
                Some(&tensor) if matches!(self.values[tensor], Value::Tensor(_)) => {
                    self.stack.push(tensor);
                    Ok(())
                }
                _ => malformed("a parameter is not made of a tensor"),
            },
            Class::Storage(_) => malformed("a storage is made in the pickle itself"),
        }
    }

    /// A list of pairs, as Python 2 wrote the items of an `OrderedDict`.
    fn pairs(&self, list: Place) -> Result<Vec<(Place, Place)>, Stop> {
        let Value::List(items) = &self.values[list] else {
            return malformed("an OrderedDict is not made of a list");
        };
        if items.len() > self.items {
            return malformed("it makes more values than a weight file has");
        }
        let pair = |&item: &Place| match &self.values[item] {
            Value::Tuple(pair) | Value::List(pair) if pair.len() == 2 => Ok((pair[0], pair[1])),
            _ => malformed("an OrderedDict is made of something else than pairs"),
        };
        items.iter().map(pair).collect()
    }

    fn view(&self, arguments: &[Place]) -> Result<View, Stop> {
        let [storage, offset, shape, strides, ..] = *arguments else {
            return malformed("a tensor is made of too few values");
        };
        let Value::Storage(storage) = self.values[storage] else {
            return malformed("a tensor has no storage");
        };
        // A tensor that is to be read negated or conjugated says so in its seventh value.
        let plain = |place: &Place| match &self.values[*place] {
            Value::None => true,
            Value::Dict(notes) => notes.is_empty(),
            _ => false,
        };
        if !arguments.get(6).is_none_or(plain) {
            return malformed(
                "a tensor is stored negated or conjugated: save a copy, tensor.resolve_neg().resolve_conj()",
            );
        }
        let view = View {
            storage,
            offset: self.count(offset)?,
            shape: self.counts(shape)?,
            strides: self.counts(strides)?,
        };
        if view.shape.len() == view.strides.len() && view.shape.len() <= MOST_SIDES {
            return Ok(view);
        }
        malformed(format!(
            "a tensor has {} sides and {} strides; expected as many, at most {MOST_SIDES}",
            view.shape.len(),
            view.strides.len()
        ))
    }

    fn count(&self, place: Place) -> Result<usize, Stop> {
        match self.values[place] {
            Value::Int(count) if count >= 0 => Ok(count as usize),
            _ => malformed("a tensor's side, stride or offset is no count"),
        }
    }

    fn counts(&self, place: Place) -> Result<Vec<usize>, Stop> {
        match &self.values[place] {
            Value::Tuple(items) => items.iter().map(|&item| self.count(item)).collect(),
            _ => malformed("a tensor's sides are no tuple"),
        }
    }

    /// Sets the attributes of an object: those of an `OrderedDict` are PyTorch's notes on versions, which nothing reads.
    fn build(&mut self) -> Result<(), Stop> {
        self.pop()?;
        let object = self.top()?;
        match self.values[object] {
            Value::Dict(_) => Ok(()),
            _ => malformed("attributes are set on what is no dict"),
        }
    }

    /// A storage: ("storage", class, key, location, length), with a view of another storage in files before `PyTorch` 0.4.
    fn persistent(&mut self) -> Result<(), Stop> {
        let id = self.pop()?;
        let Value::Tuple(parts) = &self.values[id] else {
            return malformed("a storage is not named by a tuple");
        };
        let &[tag, class, key, _location, length, ref rest @ ..] = &parts[..] else {
            return malformed("a storage is named by too few values");
        };
        let is_text = |place: Place| matches!(self.values[place], Value::Text(_));
        let tagged = matches!(&self.values[tag], Value::Text(tag) if tag == "storage");
        let whole = rest.iter().all(|&place| self.values[place] == Value::None);
        match (&self.values[class], &self.values[length]) {
            (&Value::Class(Class::Storage(dtype)), &Value::Int(length))
                if tagged && whole && is_text(key) && length >= 0 =>
            {
                let length = length as usize;
                self.push(Value::Storage(Storage { key, dtype, length }))
            }
            _ => malformed("a storage is named in a way that PyTorch 0.4 and later do not write"),
        }
    }

    /// Counts operations, values and items.
    fn charge(&mut self, items: usize) -> Result<(), Stop> {
        match self.items.checked_sub(items) {
            Some(left) => {
                self.items = left;
                Ok(())
            }
            None => malformed(
                "it makes more values than a weight file has: save model.state_dict() alone",
            ),
        }
    }

    fn push(&mut self, value: Value) -> Result<(), Stop> {
        self.charge(1)?;
        self.stack.push(self.values.len());
        self.values.push(value);
        Ok(())
    }

    /// Height of the stack below which the open mark lets nothing be taken.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Place, Stop> {
        match self.stack.last() {
            Some(&top) if self.stack.len() > self.floor() => Ok(top),
            _ => malformed("the stack is empty"),
        }
    }

    fn pop(&mut self) -> Result<Place, Stop> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn since_mark(&mut self) -> Result<Vec<Place>, Stop> {
        match self.marks.pop() {
            Some(mark) => Ok(self.stack.split_off(mark)),
            None => malformed("no mark is open"),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        match rest.get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => malformed(format!(
                "{count} more bytes are needed, {} are left",
                rest.len()
            )),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N)?;
        Ok(std::array::from_fn(|index| bytes[index]))
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.array().map(|[byte]| byte)
    }

    fn length4(&mut self) -> Result<usize, Stop> {
        Ok(u32::from_le_bytes(self.array()?) as usize)
    }

    fn length8(&mut self) -> Result<usize, Stop> {
        let length = u64::from_le_bytes(self.array()?);
        usize::try_from(length).or_else(|_| malformed("a length does not fit into memory"))
    }

    fn line(&mut self) -> Result<String, Stop> {
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.iter().position(|&byte| byte == b'\n') else {
            return malformed("a name has no end");
        };
        self.at += end + 1;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }
}

#[cfg(test)]
mod tests;
