//! The operators. Names, arguments and meaning are those of PyTorch's `ATen`, without what is needed for training only.

/// A length, size or index: it may grow with the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// How much each input of a batch adds.
    pub each: i64,
    /// What does not depend on the batch.
    pub fixed: i64,
}

/// The type of a tensor's numbers. Half precision and bfloat16 are read as [`Kind::Float`], so that a network is computed as precisely on every device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// 8-bit integers without a sign.
    Uint8,
    /// 8-bit integers.
    Int8,
    /// 16-bit integers.
    Int16,
    /// 32-bit integers.
    Int32,
    /// 64-bit integers.
    Int64,
    /// IEEE single precision.
    Float,
    /// IEEE double precision.
    Double,
    /// Truth values.
    Bool,
}

/// A number in the code of a network. PyTorch keeps integers and real numbers apart when it chooses the type of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Int(i64),
    /// A real number.
    Real(f64),
}

/// What is done to each number of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "PyTorch's names")]
pub enum Unary {
    BitwiseNot,
    Cos,
    Exp,
    Hardsigmoid,
    Hardswish,
    Log,
    Neg,
    Relu,
    Rsqrt,
    Sigmoid,
    Silu,
    Sin,
    Sqrt,
    Square,
    Tanh,
}

/// What is done with two numbers, each of a tensor, or one of a tensor and a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "PyTorch's names")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Fmod,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// How a quotient becomes an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Down.
    Floor,
    /// Towards zero.
    Trunc,
}

/// How the numbers between known ones are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "PyTorch's names")]
pub enum Upsampling {
    Nearest,
    Bilinear { align_corners: bool },
    Bicubic { align_corners: bool },
}

/// An operator. Each line states the inputs of its node; those in brackets may be absent, from the right.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// input, weight [, bias]; of one or two dimensions, as `stride` has lengths.
    Convolution {
        /// Per dimension.
        stride: Vec<i64>,
        /// Zeros on both sides, per dimension.
        padding: Vec<i64>,
        /// Per dimension.
        dilation: Vec<i64>,
        /// Groups of channels that do not see one another.
        groups: i64,
    },
    /// input, weight [outputs, inputs] [, bias].
    Linear,
    /// input, running mean, running variance [, weight [, bias]].
    BatchNorm {
        /// Added to the variance.
        epsilon: f64,
    },
    /// input [, weight [, bias]].
    LayerNorm {
        /// The last axes, over which it normalises.
        shape: Vec<i64>,
        /// Added to the variance.
        epsilon: f64,
    },
    /// input [, weight [, bias]].
    GroupNorm {
        /// Groups of channels.
        groups: i64,
        /// Added to the variance.
        epsilon: f64,
    },
    /// query, key, value [, mask], each [..., tokens, features]: softmax(QKᵀ · scale + mask) V.
    Attention {
        /// Whether a token sees those before it only.
        causal: bool,
        /// One by the root of the number of features, unless given.
        scale: Option<f64>,
    },
    /// left, right.
    Matmul,
    /// any number of tensors.
    Einsum {
        /// In Einstein's notation.
        equation: String,
    },
    /// input.
    Unary(Unary),
    /// input.
    Gelu {
        /// Whether it is approximated by a hyperbolic tangent.
        tanh: bool,
    },
    /// input.
    Clamp {
        /// No number is below it.
        least: Option<Number>,
        /// No number is above it.
        most: Option<Number>,
    },
    /// left, right; both of tensors, which are broadcast.
    Binary {
        /// What is done.
        operation: Binary,
        /// For sums and differences: the right one is multiplied by it first.
        alpha: Number,
        /// For quotients.
        rounding: Option<Rounding>,
    },
    /// input: as [`Op::Binary`], with a constant on one side.
    Scalar {
        /// What is done.
        operation: Binary,
        /// The constant, already multiplied by an `alpha`.
        number: Number,
        /// Whether the constant is on the left.
        left: bool,
        /// For quotients.
        rounding: Option<Rounding>,
    },
    /// input, first, second: input + factor · first · second.
    Addcmul {
        /// The factor.
        factor: Number,
    },
    /// input.
    Softmax {
        /// The axis that sums to 1.
        axis: i64,
        /// Whether logarithms are given.
        log: bool,
    },
    /// input.
    Mean {
        /// Over which axes.
        axes: Vec<i64>,
        /// Whether they stay, of length 1.
        keep: bool,
    },
    /// input.
    Sum {
        /// Over which axes.
        axes: Vec<i64>,
        /// Whether they stay, of length 1.
        keep: bool,
    },
    /// input: the largest number.
    Amax {
        /// Over which axes.
        axes: Vec<i64>,
        /// Whether they stay, of length 1.
        keep: bool,
    },
    /// input: (sum of |x|^order)^(1/order).
    VectorNorm {
        /// The order.
        order: f64,
        /// Over which axes.
        axes: Vec<i64>,
        /// Whether they stay, of length 1.
        keep: bool,
    },
    /// input: running sums.
    Cumsum {
        /// Along which axis.
        axis: i64,
    },
    /// input [batch, channels, height, width].
    MaxPool {
        /// Height and width.
        kernel: Vec<i64>,
        /// Per dimension.
        stride: Vec<i64>,
        /// On both sides, per dimension; it never wins.
        padding: Vec<i64>,
        /// Per dimension.
        dilation: Vec<i64>,
        /// Whether a window may hang over the edge.
        ceil: bool,
    },
    /// input [batch, channels, height, width].
    AvgPool {
        /// Height and width.
        kernel: Vec<i64>,
        /// Per dimension.
        stride: Vec<i64>,
        /// Zeros on both sides, per dimension.
        padding: Vec<i64>,
        /// Whether a window may hang over the edge.
        ceil: bool,
        /// Whether the zeros of the padding count.
        counts_padding: bool,
        /// What sums are divided by, instead of the window's size.
        divisor: Option<i64>,
    },
    /// input [batch, channels, height, width].
    AdaptiveAvgPool {
        /// Height and width of the result.
        size: Vec<i64>,
    },
    /// input.
    Dropout {
        /// Share of the numbers set to zero in training.
        share: f64,
    },
    /// input: the same numbers with other axes.
    Reshape {
        /// The new lengths; -1 for what is left.
        shape: Vec<Size>,
    },
    /// input: one axis of several.
    Flatten {
        /// The first of them.
        from: i64,
        /// The last of them.
        to: i64,
    },
    /// input: several axes of one.
    Unflatten {
        /// The axis.
        axis: i64,
        /// The new lengths.
        shape: Vec<Size>,
    },
    /// input: axes of length 1 repeated without a copy.
    Expand {
        /// The new lengths; -1 for one that stays.
        shape: Vec<Size>,
    },
    /// input: the whole repeated.
    Repeat {
        /// How often, per axis.
        times: Vec<Size>,
    },
    /// input.
    Permute {
        /// Which axis of the input each axis is.
        axes: Vec<i64>,
    },
    /// input: two axes swapped.
    Transpose {
        /// The axes.
        axes: [i64; 2],
    },
    /// input: a new axis of length 1.
    Unsqueeze {
        /// Where.
        axis: i64,
    },
    /// input: axes of length 1 dropped.
    Squeeze {
        /// Which.
        axes: Vec<i64>,
    },
    /// input: one place along an axis.
    Select {
        /// The axis.
        axis: i64,
        /// The place.
        index: Size,
    },
    /// input: some places along an axis.
    Slice {
        /// The axis.
        axis: i64,
        /// The first place.
        start: Option<Size>,
        /// The place behind the last.
        end: Option<Size>,
        /// From one place to the next.
        step: i64,
    },
    /// input, part: the input with another [`Op::Slice`].
    SliceScatter {
        /// As of a slice.
        axis: i64,
        /// As of a slice.
        start: Option<Size>,
        /// As of a slice.
        end: Option<Size>,
        /// As of a slice.
        step: i64,
    },
    /// input, part: the input with another [`Op::Select`].
    SelectScatter {
        /// The axis.
        axis: i64,
        /// The place.
        index: Size,
    },
    /// input: a value for each place along an axis.
    Unbind {
        /// The axis.
        axis: i64,
    },
    /// input: a value for each length.
    Split {
        /// The axis.
        axis: i64,
        /// The lengths.
        lengths: Vec<Size>,
    },
    /// input: so many values, of about equal lengths.
    Chunk {
        /// The axis.
        axis: i64,
        /// How many.
        count: i64,
    },
    /// any number of tensors, one after another.
    Cat {
        /// Along which axis.
        axis: i64,
    },
    /// any number of tensors, along a new axis.
    Stack {
        /// Where.
        axis: i64,
    },
    /// input: what leaves at one end comes in at the other.
    Roll {
        /// How far, per axis.
        shifts: Vec<i64>,
        /// Which axes.
        axes: Vec<i64>,
    },
    /// input.
    Pad {
        /// Before and behind, from the last axis on.
        lengths: Vec<i64>,
        /// PyTorch's name of how: `constant`, `reflect`, `replicate` or `circular`.
        mode: String,
        /// For `constant`.
        number: Option<f64>,
    },
    /// input, then an index for each axis in `axes`.
    Index {
        /// The axes that are indexed.
        axes: Vec<usize>,
    },
    /// input, mask: the number where the mask is true.
    MaskedFill {
        /// The number.
        number: Number,
    },
    /// condition, left, right: the left number where the condition is true, else the right one; all are broadcast.
    Where,
    /// input [batch, channels, height, width].
    Upsample {
        /// How.
        mode: Upsampling,
        /// Height and width of the result, unless factors are given.
        size: Option<Vec<i64>>,
        /// How often, per dimension.
        factors: Option<Vec<f64>>,
    },
    /// any number of vectors: a grid for each.
    Meshgrid {
        /// `ij` or `xy`.
        indexing: String,
    },
    /// none: numbers from one up to another.
    Arange {
        /// The first.
        start: Number,
        /// None reaches it.
        end: Number,
        /// From one to the next.
        step: Number,
        /// Of the result.
        kind: Kind,
    },
    /// none: one number everywhere.
    Full {
        /// The lengths.
        shape: Vec<Size>,
        /// The number.
        number: Number,
        /// Of the result.
        kind: Kind,
    },
    /// input: in numbers of another type.
    To {
        /// The type.
        kind: Kind,
    },
    /// input: the same numbers, through which no gradient goes.
    Detach,
    /// input, like: with the shape of the second and the numbers of the first, broadcast; the second's numbers do not count.
    ExpandAs,
}
