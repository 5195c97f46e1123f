//! Families of architectures, and the sizes of their members.

/// The layers that architectures of one kind share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Krizhevsky 2014.
    AlexNet,
    /// Simonyan and Zisserman 2015.
    Vgg(Vgg),
    /// He et al. 2016.
    ResNet(ResNet),
}

impl Family {
    /// The module of `graph` that builds it, by which keys know its code.
    pub const fn module(self) -> &'static str {
        match self {
            Self::AlexNet => "graph::builders::alexnet",
            Self::Vgg(_) => "graph::builders::vgg",
            Self::ResNet(_) => "graph::builders::resnet",
        }
    }
}

/// The size of a VGG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vgg {
    /// Convolutions in each of the five blocks; a max pooling ends each.
    pub convolutions: [usize; 5],
    /// Whether a batch norm follows each convolution.
    pub normed: bool,
}

/// The size of a `ResNet`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResNet {
    /// Residual blocks in each of the four stages.
    pub blocks: [usize; 4],
    /// Whether a block is a bottleneck (1x1, 3x3, 1x1) and not two 3x3 convolutions.
    pub bottlenecks: bool,
}
