//! A network's parameters as variables that an optimiser changes.

use networks::{NetworkError, Parameters, Role};
use tch::Tensor;
use tch::nn::{self, Init};

/// Parameters in a [`nn::VarStore`], under torchvision's names.
#[derive(Debug)]
pub struct Variables<'a> {
    root: nn::Path<'a>,
    classes: i64,
}

impl<'a> Variables<'a> {
    /// Fresh parameters for `classes` classes.
    pub fn new(store: &'a nn::VarStore, classes: usize) -> Self {
        Self {
            root: store.root(),
            classes: classes as i64,
        }
    }

    /// A name `a.b.c` is variable `c` of path `a`, `b`.
    fn place<'n>(&self, name: &'n str) -> (nn::Path<'a>, &'n str) {
        let (folders, variable) = name.rsplit_once('.').unwrap_or(("", name));
        let path = folders
            .split('.')
            .fold(self.root.clone(), |path, folder| path / folder);
        (path, variable)
    }
}

/// The starting values: He et al. 2015 for weights, as torchvision does.
fn start(role: Role) -> Init {
    match role {
        Role::Weight => nn::init::DEFAULT_KAIMING_NORMAL,
        Role::OutputWeight => Init::Randn {
            mean: 0.0,
            stdev: 0.01,
        },
        Role::Zeros | Role::Mean | Role::Constant => Init::Const(0.0),
        Role::Ones | Role::Variance => Init::Const(1.0),
    }
}

impl Parameters for Variables<'_> {
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError> {
        let (path, variable) = self.place(name);
        Ok(match role {
            Role::Mean | Role::Constant => path.zeros_no_train(variable, shape),
            Role::Variance => path.ones_no_train(variable, shape),
            _ => path.var(variable, shape, start(role)),
        })
    }

    fn classes(&self, _: &str) -> Result<i64, NetworkError> {
        Ok(self.classes)
    }
}
